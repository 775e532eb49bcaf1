import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endBlocks, entryBlocks, paxBlocks } from '../format/tar-reader.fixture.js';
import { type Digest, sha256 } from '../model/digest.js';
import type { LayerEntry } from '../model/layer.js';
import { decodeLayerIndex, encodeLayerIndex } from './layer-index.js';
import { putTar, recallLayer, rememberLayer } from './layers.js';
import { Store } from './store.js';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-layers-'));
  store = await Store.open(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function* stream(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const value = Buffer.from('0100000280', 'hex');
const parts = [
  entryBlocks({ name: './', typeflag: '5', mode: '0000755' }),
  entryBlocks({ name: './bin/', typeflag: '5', mode: '0000755' }),
  paxBlocks([['SCHILY.xattr.security.capability', value]]),
  entryBlocks({ name: './bin/tool', mode: '0004755' }, 'body'),
  entryBlocks({ name: './bin/other', typeflag: '1', linkname: './bin/tool' }),
  entryBlocks({ name: './dev/null', typeflag: '3', devmajor: '0000001', devminor: '0000003' }),
  endBlocks,
];

describe('putTar()', () => {
  test('stores a tar, and gives its entries without the root', async () => {
    const layer = await putTar(store, stream(...parts));
    expect(layer.digest).toBe(sha256(Buffer.concat(parts)));
    expect(layer.entries.map(({ path, type }) => `${type} ${path}`)).toEqual([
      'directory bin',
      'file bin/tool',
      'hardlink bin/other',
      'char dev/null',
    ]);
    const file = layer.entries[1];
    expect(file?.xattrs).toEqual({ 'security.capability': value.toString('base64') });
    expect(file?.content).toMatchObject({ blob: layer.digest, sizeBytes: 4, sha256: sha256('body') });
    if (file?.content) expect(await store.read(file.content)).toEqual(Buffer.from('body'));
  });

  test('gives sparse files whole, and finds them again', async () => {
    const records = [
      ['GNU.sparse.size', '3000000'],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.map', '5,3,2000000,2'],
    ] as const;
    const archive = [paxBlocks(records), entryBlocks({ name: 'sparse' }, 'abcde'), endBlocks];
    const layer = await putTar(store, stream(...archive));
    const want = Buffer.alloc(3_000_000);
    want.write('abc', 5);
    want.write('de', 2_000_000);
    const content = layer.entries[0]?.content;
    expect(content).toMatchObject({ offset: 0, sizeBytes: want.length, sha256: sha256(want) });
    if (content) expect((await store.read(content)).equals(want)).toBe(true);
    await rememberLayer(store, 'sparse', layer);
    expect(await recallLayer(store, 'sparse')).toEqual(layer);
  });

  test('gives the entries of an archive that is in the store already, and reads no other', async () => {
    const first = await putTar(store, stream(...parts));
    const never = async function* (): AsyncGenerator<Uint8Array> {
      yield Promise.reject(new Error('read'));
    };
    expect(await putTar(store, never(), { expect: { digest: first.digest } })).toEqual(first);
  });

  test('stores nothing of a tar that cannot be read', async () => {
    const cut = stream(...parts.slice(0, -1));
    await expect(putTar(store, cut)).rejects.toMatchObject({ code: 'truncated' });
    expect(await store.has(sha256(Buffer.concat(parts.slice(0, -1))))).toBe(false);
  });
});

describe('recallLayer()', () => {
  test('gives what was remembered, until one of its blobs is gone or damaged', async () => {
    expect(await recallLayer(store, 'key')).toBeUndefined();
    const layer = await putTar(store, stream(...parts));
    await rememberLayer(store, 'key', layer);
    expect(await recallLayer(store, 'key')).toEqual(layer);
    expect(await recallLayer(store, 'other')).toBeUndefined();

    const index = store.pathOf(sha256(encodeLayerIndex(layer.entries)));
    await chmod(index, 0o644);
    await writeFile(index, encodeLayerIndex(layer.entries.slice(1).concat(layer.entries.slice(0, 1))));
    await store.close();
    expect(await recallLayer(store, 'key')).toBeUndefined();
    await rm(index, { force: true });
    await rememberLayer(store, 'key', layer);
    expect(await recallLayer(store, 'key')).toEqual(layer);
    await rm(store.pathOf(layer.digest));
    expect(await recallLayer(store, 'key')).toBeUndefined();
  });

  test('ignores a fact of another shape', async () => {
    for (const fact of [null, 1, [], {}, { layer: 'x', index: 'y', indexBytes: 1, blobs: [] }]) {
      await store.remember('layer 1 key', fact);
      expect(await recallLayer(store, 'key')).toBeUndefined();
    }
  });
});

describe('decodeLayerIndex()', () => {
  const digest = fc.string({ minLength: 1 }).map((text): Digest => sha256(text));
  const count = fc.nat(2 ** 32);
  const common = {
    path: fc.string({ unit: 'binary' }),
    mode: fc.nat(0o7777),
    uid: count,
    gid: count,
    mtimeSeconds: fc.integer(),
  };
  const xattrs = { xattrs: fc.dictionary(fc.string(), fc.base64String(), { minKeys: 1 }) };
  const content = fc.record({ blob: digest, offset: fc.maxSafeNat(), sizeBytes: fc.maxSafeNat(), sha256: digest });
  const entry = fc.oneof(
    fc.record({ ...common, type: fc.constant('file' as const), content }),
    fc.record({ ...common, ...xattrs, type: fc.constant('file' as const), content }),
    fc.record({ ...common, type: fc.constantFrom('directory' as const, 'fifo' as const) }),
    fc.record({ ...common, type: fc.constantFrom('symlink' as const, 'hardlink' as const), link: fc.string() }),
    fc.record({
      ...common,
      type: fc.constantFrom('char' as const, 'block' as const),
      device: fc.record({ major: count, minor: count }),
    }),
  );

  test('is the identity after encodeLayerIndex(), for any entries', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries: LayerEntry[]) => {
        expect(decodeLayerIndex(encodeLayerIndex(entries))).toEqual(entries);
      }),
    );
  });
});
