import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import { Store } from '../store/store.js';
import type { AssembleInput } from '../tree/assemble-input.js';
import { keptLicences } from './kept-licences.js';

const COPYRIGHT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: ';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-licences-'));
  store = await Store.open(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function treeWith(licence: string): Tree {
  const bytes = Buffer.from(`${COPYRIGHT}${licence}\n`);
  const content = { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
  const path = 'usr/share/doc/libc6/copyright';
  return {
    components: [{ id: 'packages/libc6', kind: 'package' }],
    entries: [
      { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, component: 'packages/libc6', content },
    ],
  };
}

const input = {
  read: async () => {
    throw new Error('nothing is read from the store');
  },
} as unknown as AssembleInput;

describe('keptLicences()', () => {
  test('gives what stands in the tree, and what was kept of that key from then on', async () => {
    const made = await keptLicences({ key: 'one', tree: treeWith('MIT'), input }, { store });
    expect([...made]).toEqual([['libc6', ['MIT']]]);
    const empty = { entries: [], components: [] };
    expect(await keptLicences({ key: 'one', tree: empty, input }, { store })).toEqual(made);
    const other = await keptLicences({ key: 'two', tree: treeWith('Zlib'), input }, { store });
    expect([...other]).toEqual([['libc6', ['Zlib']]]);
  });
});
