import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder } from './make-folder.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-make-folder-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('makeFolder()', () => {
  test('makes what is not there, with its mode, and says which was the first', async () => {
    expect(await makeFolder(join(folder, 'a/b/c'), { mode: 0o700 })).toBe(join(folder, 'a'));
    expect((await stat(join(folder, 'a/b/c'))).mode & 0o777).toBe(0o700);
    expect(await makeFolder(join(folder, 'a/b/c'))).toBeUndefined();
    expect(await makeFolder(join(folder, 'a/x'))).toBe(join(folder, 'a/x'));
    await symlink('a', join(folder, 'link'));
    expect(await makeFolder(join(folder, 'link'))).toBeUndefined();
    expect(await makeFolder(join(folder, 'link/y/'))).toBe(join(folder, 'link/y'));
  });

  test('is content when several make the same at once', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(folder, 'a/b/c/d'))));
    expect((await stat(join(folder, 'a/b/c/d'))).isDirectory()).toBe(true);
    expect(made.filter((path) => path === join(folder, 'a'))).toHaveLength(1);
  });

  test('fails where a file is in the way', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(folder, 'file/a/b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  test('comes to an end below /proc', async (context) => {
    if (process.platform !== 'linux') context.skip('there is no /proc');
    for (const path of ['/proc/a', '/proc/self/no/such']) {
      await expect(makeFolder(path)).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });
});
