import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODE_TYPE } from '../mode.js';
import { erofsDirectory, erofsDirectoryBytes, parseErofsDirectory } from './directory.js';
import { type ErofsInode, erofsInode, parseErofsInode } from './inode.js';
import { type ErofsSuperblock, erofsSuperblock, parseErofsSuperblock } from './superblock.js';
import { erofsXattrs, parseErofsXattrs } from './xattrs.js';

const SUPERBLOCK: ErofsSuperblock = {
  rootNid: 128,
  inodeCount: 3,
  blockCount: 1280,
  uuid: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
  label: Buffer.from('root'),
  hasChunks: true,
};

const INODE: ErofsInode = {
  mode: MODE_TYPE.file | 0o644,
  sizeBytes: 5 * 2 ** 32,
  layout: { kind: 'plain', startBlock: 7 },
  inodeNumber: 36,
  uid: 4_000_000_000,
  gid: 70_000,
  mtimeSeconds: 1492533000,
  linkCount: 1,
  xattrBytes: 0,
};

describe('erofsSuperblock()', () => {
  it('is read back', () => {
    expect(parseErofsSuperblock(erofsSuperblock(SUPERBLOCK))).toEqual(SUPERBLOCK);
  });

  it('refuses values that fit no field, by the name of the field', () => {
    expect(() => erofsSuperblock({ ...SUPERBLOCK, rootNid: 65536 })).toThrow('root_nid');
    expect(() => erofsSuperblock({ ...SUPERBLOCK, blockCount: 2 ** 32 })).toThrow('blocks');
    expect(() => erofsSuperblock({ ...SUPERBLOCK, label: Buffer.alloc(17) })).toThrow('volume_name');
  });

  it('is refused when a bit of its block has changed', () => {
    const block = erofsSuperblock(SUPERBLOCK);
    block.writeUInt8(1, 4000);
    expect(() => parseErofsSuperblock(block)).toThrow('checksum');
  });
});

describe('erofsInode()', () => {
  const layouts: ErofsInode['layout'][] = [
    { kind: 'plain', startBlock: 0xffffffff },
    { kind: 'inline', startBlock: 1 },
    { kind: 'chunks', chunkBits: 7 },
  ];
  it.each(layouts)('is read back, with the layout $kind', (layout) => {
    expect(parseErofsInode(erofsInode({ ...INODE, layout }))).toEqual({ ...INODE, layout });
  });

  it('is read back, for every device number', () => {
    fc.assert(
      fc.property(fc.nat(0xfff), fc.nat(0xfffff), (major, minor) => {
        const device = { ...INODE, mode: MODE_TYPE.char, layout: { kind: 'device', major, minor } as const };
        expect(parseErofsInode(erofsInode(device))).toEqual(device);
      }),
    );
  });

  it('keeps times before 1970', () => {
    expect(parseErofsInode(erofsInode({ ...INODE, mtimeSeconds: -5 })).mtimeSeconds).toBe(-5);
  });

  it.each([
    [{ uid: 2 ** 32 }, 'i_uid'],
    [{ gid: -1 }, 'i_gid'],
    [{ sizeBytes: 2 ** 60 }, 'i_size'],
    [{ linkCount: 2 ** 32 }, 'i_nlink'],
    [{ layout: { kind: 'plain', startBlock: 2 ** 32 } as const }, 'raw_blkaddr'],
    [{ layout: { kind: 'device', major: 4096, minor: 0 } as const }, 'rdev'],
    [{ layout: { kind: 'device', major: 0, minor: 2 ** 20 } as const }, 'rdev'],
  ])('refuses %j by the name of the field', (change, field) => {
    expect(() => erofsInode({ ...INODE, ...change })).toThrow(field);
  });
});

describe('erofsXattrs()', () => {
  const name = fc
    .tuple(fc.constantFrom('user.', 'trusted.', 'security.'), fc.uint8Array({ minLength: 1, maxLength: 255 }))
    .map(([prefix, rest]) => Buffer.concat([Buffer.from(prefix), rest]));
  const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

  it('is read back, sorted by the bytes of the names', () => {
    const all = fc.uniqueArray(fc.record({ name, value }), {
      selector: (xattr) => xattr.name.toString('latin1'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(all, (xattrs) => {
        const sorted = [...xattrs].sort((a, b) => Buffer.compare(a.name, b.name));
        expect(parseErofsXattrs(erofsXattrs(xattrs))).toEqual(sorted);
      }),
    );
  });

  it('stores access control lists without a name', () => {
    const xattrs = ['access', 'default'].map((kind) => ({
      name: Buffer.from(`system.posix_acl_${kind}`),
      value: Buffer.of(2, 0, 0, 0),
    }));
    const body = erofsXattrs(xattrs);
    expect(body.subarray(12, 16)).toEqual(Buffer.of(0, 2, 4, 0));
    expect(parseErofsXattrs(body)).toEqual(xattrs);
  });

  it.each([
    ['system.other', 1, 'system.other'],
    [`user.${'x'.repeat(256)}`, 1, 'e_name_len'],
    ['user.large', 65536, 'e_value_size'],
  ])('refuses %s of %i bytes', (text, sizeBytes, problem) => {
    expect(() => erofsXattrs([{ name: Buffer.from(text), value: Buffer.alloc(sizeBytes) }])).toThrow(problem);
  });
});

describe('erofsDirectory()', () => {
  const byte = fc.integer({ min: 1, max: 255 }).filter((value) => value !== 0x2f);
  const name = fc.array(byte, { minLength: 1, maxLength: 255 }).map((bytes) => Buffer.from(bytes));
  const names = fc.uniqueArray(name, { selector: (bytes) => bytes.toString('latin1'), maxLength: 200 });

  it('is read back, over several blocks', () => {
    fc.assert(
      fc.property(names, (unsorted) => {
        const entries = [...unsorted]
          .sort(Buffer.compare)
          .map((own, index) => ({ name: own, nid: 2 ** 33 + index, mode: MODE_TYPE.symlink }));
        const content = erofsDirectory(entries);
        expect(content.byteLength).toBe(erofsDirectoryBytes(entries.map((entry) => entry.name.byteLength)));
        const read = parseErofsDirectory(content);
        expect(read).toEqual(entries.map((entry) => ({ name: entry.name, nid: entry.nid, fileType: 7 })));
      }),
    );
  });

  it('refuses names that are not in order, too long, or no names', () => {
    const entry = (text: string) => ({ name: Buffer.from(text), nid: 1, mode: MODE_TYPE.file });
    expect(() => erofsDirectory([entry('b'), entry('a')])).toThrow('order');
    expect(() => erofsDirectory([entry('a'), entry('a')])).toThrow('order');
    for (const bad of ['', 'x'.repeat(256), 'a/b', 'a\0']) expect(() => erofsDirectory([entry(bad)])).toThrow('name');
  });
});
