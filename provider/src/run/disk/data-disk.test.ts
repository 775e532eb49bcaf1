import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDisk, deleteDisk, growDisk, readDisk } from './data-disk.js';

const MIB = 2 ** 20;
let stateDirectory: string;
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'ingot-disk-'));
});
afterEach(() => rmSync(stateDirectory, { recursive: true }));

describe('createDisk()', () => {
  test('makes a sparse file that only its user can read', async () => {
    const disk = await createDisk({ sizeBytes: 64 * MIB, stateDirectory });
    const { size, blocks, mode } = statSync(disk.path);
    expect({ size, mode: mode & 0o777 }).toEqual({ size: 64 * MIB, mode: 0o600 });
    // stat(2): 512 bytes each; a file system may need some for itself.
    expect(blocks * 512).toBeLessThan(MIB);
    expect(await readDisk(disk.path)).toEqual(disk);
  });

  test('leaves a file alone that is there already', async () => {
    const path = join(stateDirectory, 'mine.raw');
    writeFileSync(path, 'mine');
    await expect(createDisk({ sizeBytes: MIB, stateDirectory, path })).rejects.toMatchObject({ code: 'disk-there' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('says what is wanted of the folder where it cannot', async () => {
    const path = join(stateDirectory, 'none', 'mine.raw');
    const refused = createDisk({ sizeBytes: MIB, stateDirectory, path });
    await expect(refused).rejects.toThrow(/: ENOENT; wanted a folder that is there, with room/);
    await expect(refused).rejects.toMatchObject({ code: 'io', context: { path } });
  });
});

describe('growDisk()', () => {
  test('keeps what is on it, and never makes it smaller', async () => {
    const { path } = await createDisk({ sizeBytes: MIB, stateDirectory });
    writeFileSync(path, 'data', { flag: 'r+' });
    expect(await growDisk(path, 2 * MIB)).toEqual({ path, sizeBytes: 2 * MIB });
    expect(readFileSync(path).subarray(0, 4).toString()).toBe('data');
    await expect(growDisk(path, MIB)).rejects.toThrow(/it has 2 MiB, and 1 MiB would cut off/);
    expect(statSync(path).size).toBe(2 * MIB);
  });

  test('says that a disk is gone', async () => {
    await expect(growDisk(join(stateDirectory, 'none'), MIB)).rejects.toMatchObject({ code: 'disk-gone' });
  });
});

describe('deleteDisk()', () => {
  test('removes it, and is content with one that is gone', async () => {
    const { path } = await createDisk({ sizeBytes: MIB, stateDirectory });
    await deleteDisk(path);
    expect(await readDisk(path)).toBeUndefined();
    await deleteDisk(path);
  });
});

describe('readDisk()', () => {
  test('refuses what is no plain file', async () => {
    await expect(readDisk(stateDirectory)).rejects.toThrow(/it is not a plain file/);
  });
});
