import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseErofsSuperblock } from '../format/erofs/superblock.js';
import { sha256 } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import type { Tree, TreeEntry } from '../model/tree.js';
import { bufferOf, digestOf, faultsOf, noise } from './block-image.fixture.js';
import { readEntries, wantedEntries } from './erofs-image.fixture.js';
import { encodeErofsRoot } from './erofs-root.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

const OPTIONS = { name: 'test' };
const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('base64');

/** One of everything. */
function fixtureTree(): Tree {
  return treeOf([
    file('etc/motd', 'hello'),
    file('etc/empty', ''),
    file('usr/bin/large', noise(3_000_000, 1), { mode: 0o4755, uid: 3_000_000, gid: 70_000, component: 'large' }),
    file('usr/bin/copy of large', noise(3_000_000, 1), { component: 'other' }),
    file('usr/bin/medium', noise(300_000, 2), { component: 'large' }),
    file('usr/bin/half', noise(600_000, 5), { component: 'large' }),
    file('usr/bin/small', noise(9000, 3), { xattrs: { 'security.capability': CAPABILITY, 'user.x': 'AAE=' } }),
    file('usr/bin/same', noise(9000, 3), { xattrs: { 'user.large': noise(3000, 9).toString('base64') } }),
    file('usr/bin/exact', noise(8192, 4), { mtimeSeconds: 0 }),
    { path: 'usr/bin/again', type: 'hardlink', link: 'usr/bin/small', component: 'other' },
    { path: 'bin', type: 'symlink', link: 'usr/bin' },
    { path: 'long', type: 'symlink', link: 'x'.repeat(4000) },
    { path: 'dev/null', type: 'char', device: { major: 1, minor: 3 }, mode: 0o666 },
    { path: 'dev/big', type: 'block', device: { major: 259, minor: 70000 } },
    { path: 'run/pipe', type: 'fifo' },
    file('caf\udce9/\udcff', 'not UTF-8'),
    file('!before the dots', 'x'),
    ...Array.from({ length: 1000 }, (_, i) => file(`many/file number ${i}`, `${i}`)),
  ]);
}

describe('encodeErofsRoot()', () => {
  it('gives what the tree says, and keeps the contract of a block image', async () => {
    const tree = fixtureTree();
    const image = await encodeErofsRoot(tree, OPTIONS, new MemoryStore().context());
    expect(await readEntries(image)).toEqual(wantedEntries(tree));
    expect(await faultsOf(image)).toEqual([]);
    expect(image.sizeBytes % (512 * 1024)).toBe(0);
  });

  it('gives the bytes that this version of the recipe has', async () => {
    const image = await encodeErofsRoot(fixtureTree(), OPTIONS, new MemoryStore().context());
    expect(await digestOf(image)).toMatchInlineSnapshot(
      `"89bdef9dd0130a07a67f8dc8c921d178530e3e024867d6899da05bb4948554dd"`,
    );
  });

  it('gives what the tree says, for every tree', async () => {
    await fc.assert(
      fc.asyncProperty(trees(), async (tree) => {
        const image = await encodeErofsRoot(tree, OPTIONS, new MemoryStore().context());
        expect(await readEntries(image)).toEqual(wantedEntries(tree));
        expect(await faultsOf(image)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('gives the same bytes for a part as for the whole', async () => {
    const image = await encodeErofsRoot(fixtureTree(), OPTIONS, new MemoryStore().context());
    const whole = await bufferOf(image);
    for (const span of [
      { offset: 0, sizeBytes: 4096 },
      { offset: 520_000, sizeBytes: 1_000_000 },
      { offset: image.sizeBytes - 5000, sizeBytes: 5000 },
    ]) {
      for await (const { offset, bytes } of image.pieces(span)) {
        expect(offset).toBeGreaterThanOrEqual(span.offset);
        expect(offset + bytes.length).toBeLessThanOrEqual(span.offset + span.sizeBytes);
        expect(whole.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
      }
    }
  });

  it('gives an identifier that follows from the name alone', async () => {
    const uuid = async (tree: Tree, name: string) =>
      parseErofsSuperblock(await bufferOf(await encodeErofsRoot(tree, { name }, new MemoryStore().context()))).uuid;
    expect(await uuid(treeOf([]), 'one')).toEqual(await uuid(treeOf([file('a', 'a')]), 'one'));
    expect(await uuid(treeOf([]), 'one')).not.toEqual(await uuid(treeOf([]), 'two'));
  });

  it.each([100, 5000, 300_000, 2_000_000])(
    'refuses a content of %i bytes that is not what the tree says',
    async (size) => {
      const store = new MemoryStore();
      const blob = store.put(noise(size, 1));
      const tree = treeOf([store.stored('usr/file', { blob, offset: 0, sizeBytes: size })]);
      const bytes = store.blobs.get(blob) as Buffer;
      bytes.writeUInt8(bytes.readUInt8(size - 1) ^ 1, size - 1);
      const image = await encodeErofsRoot(tree, OPTIONS, store.context());
      await expect(bufferOf(image)).rejects.toThrow('Cannot encode usr/file');
      const trusting = await encodeErofsRoot(tree, { ...OPTIONS, trusting: true }, store.context());
      expect((await bufferOf(trusting)).length).toBe(image.sizeBytes);
    },
  );

  it.each([
    ['an owner of 33 bits', { uid: 2 ** 32 }, 'i_uid'],
    ['an attribute of a name space that the format lacks', { xattrs: { 'btrfs.x': 'AA==' } }, 'btrfs.x'],
    ['a name of 256 bytes', { path: `usr/${'x'.repeat(256)}` }, 'name'],
    ['a target of 4096 bytes', { type: 'symlink' as const, link: 'x'.repeat(4096) }, 'target'],
  ])('refuses %s', async (_, change, problem) => {
    const tree = treeOf([{ ...file('usr/file', 'x'), ...change }]);
    await expect(encodeErofsRoot(tree, OPTIONS, new MemoryStore().context())).rejects.toThrow(problem);
  });

  it('places files of more than 4 GiB, and reads them where they are', async () => {
    const sizeBytes = 5 * 2 ** 30 + 5;
    const content = { blob: sha256('blob'), offset: 0, sizeBytes, sha256: sha256('content') };
    const store = new MemoryStore();
    const context = {
      ...store.context(),
      readInto: async (range: BlobRange, target: Uint8Array) => {
        if (range.blob !== content.blob) return store.context().readInto(range, target);
        target.fill(Math.floor(range.offset / 2 ** 19) % 251);
      },
    };
    const tree = treeOf([{ path: 'large', type: 'file', content }]);
    const image = await encodeErofsRoot(tree, { ...OPTIONS, trusting: true }, context);
    const data = image.extents.filter(({ kind }) => kind === 'data').reduce((sum, extent) => sum + extent.sizeBytes, 0);
    expect(data).toBeGreaterThan(sizeBytes);
    expect(data).toBeLessThan(sizeBytes + 2 ** 20);
    const span = { offset: image.sizeBytes - 2 ** 24, sizeBytes: 2 ** 24 };
    for await (const { bytes } of image.pieces(span)) expect(bytes[0]).toBe(bytes.at(-1));
  });
});

/** Trees of all kinds of entries, with contents around the limits of the layout. */
function trees(): fc.Arbitrary<Tree> {
  const name = fc.constantFrom('a', 'b', 'name with spaces', '!', '-', '\udc80', 'ü', 'x'.repeat(255));
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const size = fc.oneof(
    fc.nat(300),
    fc.constantFrom(1983, 1984, 1985, 4095, 4096, 4097, 8192, 262_143, 262_145, 524_288, 524_289, 800_000),
  );
  const value = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes).toString('base64'));
  const entry = fc.record({
    path,
    type: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'char', 'block', 'fifo', 'hardlink'),
    mode: fc.nat(0o7777),
    uid: fc.nat(0xffffffff),
    gid: fc.nat(0xffffffff),
    mtimeSeconds: fc.nat(2 ** 40),
    size,
    seed: fc.nat(3),
    device: fc.record({ major: fc.nat(0xfff), minor: fc.nat(0xfffff) }),
    component: fc.constantFrom('one', 'two', 'three'),
    xattrs: fc.dictionary(fc.constantFrom('user.a', 'trusted.b', 'security.c'), value),
    target: fc.nat(20),
  });
  return fc.array(entry, { maxLength: 20 }).map((drafts) => {
    const entries: PartialEntry[] = [];
    const taken = new Set<string>();
    const leaves = new Set<string>();
    for (const { size: sizeBytes, seed, target, device, type, ...rest } of drafts) {
      const parents = rest.path
        .split('/')
        .slice(0, -1)
        .map((_, depth, all) => all.slice(0, depth + 1).join('/'));
      if (taken.has(rest.path) || parents.some((parent) => leaves.has(parent))) continue;
      const files = entries.filter((known) => known.type === 'file');
      const owner = files[target % Math.max(files.length, 1)];
      const made = draftEntry(type as TreeEntry['type'], { rest, sizeBytes, seed, device, owner });
      if (made === undefined) continue;
      entries.push(made);
      for (const taking of [rest.path, ...parents]) taken.add(taking);
      if (made.type !== 'directory') leaves.add(rest.path);
    }
    return treeOf(entries);
  });
}

function draftEntry(
  type: TreeEntry['type'],
  {
    rest,
    sizeBytes,
    seed,
    device,
    owner,
  }: {
    readonly rest: Omit<PartialEntry, 'type'>;
    readonly sizeBytes: number;
    readonly seed: number;
    readonly device: { readonly major: number; readonly minor: number };
    readonly owner: PartialEntry | undefined;
  },
): PartialEntry | undefined {
  if (type === 'file') return file(rest.path, noise(sizeBytes, seed), rest);
  if (type === 'symlink') return { ...rest, type, link: 'x'.repeat(1 + (sizeBytes % 4095)) };
  if (type === 'char' || type === 'block') return { ...rest, type, device };
  if (type !== 'hardlink') return { ...rest, type };
  return owner === undefined ? undefined : { path: rest.path, type, link: owner.path };
}
