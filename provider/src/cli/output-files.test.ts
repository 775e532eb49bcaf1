import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CommandError } from './command-error.js';
import { OutputFiles } from './output-files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-output-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function contents(): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')])),
  );
}

const writing = (text: string) => async (file: { writeFile(text: string): Promise<void> }) => file.writeFile(text);

describe('OutputFiles', () => {
  test('has files appear when all are complete', async () => {
    await writeFile(join(folder, 'a'), 'old');
    await using files = new OutputFiles();
    await files.add(join(folder, 'a'), writing('new'));
    await files.add(join(folder, 'b'), writing('new'));
    expect((await contents()).a).toBe('old');
    await files.commit();
    expect(await contents()).toEqual({ a: 'new', b: 'new' });
  });

  test('leaves all as it was, when one of them fails', async () => {
    await writeFile(join(folder, 'a'), 'old');
    const attempt = async () => {
      await using files = new OutputFiles();
      await files.add(join(folder, 'a'), writing('new'));
      await files.add(join(folder, 'b'), async () => {
        throw new Error('no more bytes');
      });
      await files.commit();
    };
    await expect(attempt()).rejects.toThrow('no more bytes');
    expect(await contents()).toEqual({ a: 'old' });
  });

  test('gives back what was there, when one of them cannot have its name', async () => {
    await writeFile(join(folder, 'a'), 'old');
    await mkdir(join(folder, 'sub'));
    await using files = new OutputFiles();
    await files.add(join(folder, 'a'), writing('new'));
    await files.add(join(folder, 'sub/b'), writing('new'));
    await rm(join(folder, 'sub'), { recursive: true });
    await expect(files.commit()).rejects.toThrow(CommandError);
    await files[Symbol.asyncDispose]();
    expect(await contents()).toEqual({ a: 'old' });
  });

  test('writes into what is no plain file', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const read = readFile(join(folder, 'pipe'), 'utf8');
    await using files = new OutputFiles();
    await files.add(join(folder, 'pipe'), writing('through'));
    await files.commit();
    expect(await read).toBe('through');
    expect(await readdir(folder)).toEqual(['pipe']);
  });

  test.each([
    ['nowhere/a', /^Cannot write .*nowhere\/a: there is no such folder; make it first$/],
    ['.', /^Cannot write .*: it is a folder; give the name of a file in it$/],
  ])('refuses %s', async (name, message) => {
    await using files = new OutputFiles();
    await expect(files.add(join(folder, name), writing('x'))).rejects.toThrow(message);
  });

  test('makes folders, and removes those that it has made where not all is written', async () => {
    {
      await using files = new OutputFiles();
      await files.addFolder(join(folder, 'a/b/c'));
      await files.addFolder(join(folder, 'a/b'));
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['file', /: something of that name is there, and is not a folder; name another place$/],
    ['file/a', /: it is not a folder, or something on the way is none; name another place$/],
    ['/proc/ingot/a', /^Cannot write \/proc\/ingot\/a: nothing can be made there/],
  ])('refuses the folder %s', async (name, message) => {
    await writeFile(join(folder, 'file'), '');
    await using files = new OutputFiles();
    await expect(files.addFolder(resolve(folder, name))).rejects.toThrow(message);
  });
});
