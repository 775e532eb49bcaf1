import { lstatSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../model/digest.js';
import { Store } from '../../store/store.js';
import { openDirectory, resolveDirectory } from './directory.js';
import { type FileState, KnownDigests } from './known-digests.js';

let folder: string;
let root: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-known-'));
  root = join(folder, 'root');
  mkdirSync(root);
  store = await Store.open(join(folder, 'cache'));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const LATER_MS = Date.now() + 3_600_000;
const state: FileState = {
  size: 4n,
  mtimeNs: 1_000_000_000_000_000_001n,
  ctimeNs: 1_000_000_000_000_000_002n,
  ino: 7n,
};
const path = Buffer.from('bin/tool');
const open = (nowMs = LATER_MS) => KnownDigests.open(store, { root: Buffer.from(root), nowMs });

/** What is known of a file after it was found once. */
async function foundAgain(second: Partial<FileState>, other = path, nowMs = LATER_MS): Promise<unknown> {
  const first = await open(nowMs);
  const tell = first.find(path, state);
  if (typeof tell === 'function') tell(sha256('text'));
  await first.save();
  return (await open()).find(other, { ...state, ...second });
}

describe('KnownDigests', () => {
  test('knows a file again that is as it was', async () => {
    expect(await foundAgain({})).toBe(sha256('text'));
  });

  test.each<[string, Partial<FileState>]>([
    ['size', { size: 5n }],
    ['time of change', { mtimeNs: state.mtimeNs + 1n }],
    ['time of the change of its status', { ctimeNs: state.ctimeNs + 1n }],
    ['inode', { ino: 8n }],
  ])('knows nothing of one of another %s', async (_, other) => {
    expect(await foundAgain(other)).toBeTypeOf('function');
  });

  test('knows nothing of another path, and nothing of a file that may still change in the tick of its last change', async () => {
    expect(await foundAgain({}, Buffer.from('bin/other'))).toBeTypeOf('function');
    const nowMs = Number(state.mtimeNs / 1_000_000n) + 1900;
    expect(await foundAgain({}, path, nowMs)).toBeTypeOf('function');
    expect(await foundAgain({}, path, nowMs + 200)).toBe(sha256('text'));
  });

  test('finds each of thousands, and forgets those that are gone', async () => {
    const paths = Array.from({ length: 3000 }, (_, index) => Buffer.from(`file-${index}`));
    const first = await open();
    for (const one of paths) {
      const tell = first.find(one, state);
      if (typeof tell === 'function') tell(sha256(one));
    }
    await first.save();
    const second = await open();
    for (const one of paths.slice(0, 1000)) expect(second.find(one, state)).toBe(sha256(one));
    await second.save();
    const third = await open();
    expect(third.find(paths[5] as Buffer, state)).toBe(sha256('file-5'));
    expect(third.find(paths[2000] as Buffer, state)).toBeTypeOf('function');
  });

  test('knows nothing where what it kept is lost', async () => {
    await foundAgain({});
    rmSync(join(folder, 'cache/blobs'), { recursive: true });
    await store.close();
    store = await Store.open(join(folder, 'cache'));
    expect((await open()).find(path, state)).toBeTypeOf('function');
  });
});

describe('resolveDirectory()', () => {
  const options = () => ({
    ...{ about: 'dir:root', store, progress: () => {}, now: () => new Date(LATER_MS) },
    signal: new AbortController().signal,
  });

  test('sees every change of a file, also one that keeps its size and time', async () => {
    const file = join(root, 'file');
    writeFileSync(file, 'text');
    const { atime, mtime } = lstatSync(file);
    const before = await resolveDirectory(root, options());
    expect(await resolveDirectory(root, options())).toEqual(before);
    writeFileSync(file, 'Text');
    utimesSync(file, atime, mtime);
    const after = await resolveDirectory(root, options());
    expect(after).not.toEqual(before);
    const { entries } = await openDirectory(after, root, options());
    expect(entries[0]?.content?.sha256).toBe(sha256('Text'));
  });

  test('looks again where what it knew is not so', async () => {
    writeFileSync(join(root, 'file'), 'text');
    const known = await open();
    const tell = known.find(Buffer.from('file'), lstatSync(join(root, 'file'), { bigint: true }));
    if (typeof tell === 'function') tell(sha256('something else'));
    await known.save();
    const pin = await resolveDirectory(root, options());
    const { entries } = await openDirectory(pin, root, options());
    expect(entries[0]?.content?.sha256).toBe(sha256('text'));
  });
});
