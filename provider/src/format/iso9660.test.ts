import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { efiBootCatalog } from './el-torito.js';
import { type IsoOptions, isoDirectory } from './iso9660.js';

const MIB = 1 << 20;
const GIB = 2 ** 30;
const volume = (change: Partial<IsoOptions> = {}): IsoOptions => ({
  volumeId: 'WEB',
  sizeBytes: 64 * MIB,
  files: [
    { name: 'ROOT.IMG', offset: 2 * MIB, sizeBytes: 5 * MIB },
    { name: 'EFI.IMG', offset: MIB, sizeBytes: MIB },
  ],
  ...change,
});

/** Records of the folder: name, place, length and flags. */
function folderOf(directory: Buffer, descriptors: number): [string, number, number, number][] {
  const at = (descriptors + 2) * 2048;
  const bytes = directory.subarray(at, at + directory.readUInt32LE(156 + 10));
  const records: [string, number, number, number][] = [];
  for (let block = 0; block < bytes.length; block += 2048) {
    for (let own = block; own < block + 2048 && bytes[own] !== 0; own += bytes[own] as number) {
      const name = bytes.toString('latin1', own + 33, own + 33 + (bytes[own + 32] as number));
      expect(bytes.readUInt32LE(own + 2)).toBe(bytes.readUInt32BE(own + 6));
      records.push([name, bytes.readUInt32LE(own + 2) * 2048, bytes.readUInt32LE(own + 10), bytes[own + 25] as number]);
    }
  }
  return records.slice(2);
}

describe('isoDirectory()', () => {
  test('has the files by name, where they are', () => {
    expect(folderOf(isoDirectory(volume()), 2)).toEqual([
      ['EFI.IMG;1', MIB, MIB, 0],
      ['ROOT.IMG;1', 2 * MIB, 5 * MIB, 0],
    ]);
  });

  test('writes a file of 9 GiB as several that follow each other', () => {
    const files = [{ name: 'ROOT.IMG', offset: MIB, sizeBytes: 9 * GIB }];
    const records = folderOf(isoDirectory(volume({ sizeBytes: 10 * GIB, files })), 2);
    expect(records.map(([name, , , flags]) => [name, flags])).toEqual([
      ['ROOT.IMG;1', 0x80],
      ['ROOT.IMG;1', 0x80],
      ['ROOT.IMG;1', 0],
    ]);
    let end = MIB;
    for (const [, offset, length] of records) {
      expect(offset).toBe(end);
      end += length;
    }
    expect(end).toBe(MIB + 9 * GIB);
  });

  test('lets no record go from one block into the next', () => {
    const names = Array.from({ length: 100 }, (_, index) => `F${String(index).padStart(4, '0')}.IMG`);
    const files = names.map((name) => ({ name, offset: MIB, sizeBytes: 2048 }));
    expect(folderOf(isoDirectory(volume({ files })), 2).map(([name]) => name)).toEqual(
      names.map((name) => `${name};1`),
    );
  });

  test('stays as it is, with a boot catalog', () => {
    const image = { offset: MIB, sizeBytes: MIB };
    const directory = isoDirectory(volume({ extension: (block) => efiBootCatalog(image, block) }));
    expect(sha256(directory)).toMatchInlineSnapshot(
      `"sha256:9b29dd28077ab659045ec42d1f6685fed185d3e3ae4b9ade08f685cfdef2c67f"`,
    );
    expect(directory.readUInt32LE(2048 + 0x47)).toBe(22);
    expect(directory.subarray(6 * 2048, 6 * 2048 + 2).toString('hex')).toBe('01ef');
    expect(folderOf(directory, 3)).toHaveLength(2);
  });

  test.each<[string, Partial<IsoOptions>]>([
    ['volumeId', { volumeId: 'web' }],
    ['volumeId', { volumeId: 'X'.repeat(33) }],
    ['sizeBytes', { sizeBytes: 64 * MIB + 1 }],
    ['sizeBytes', { sizeBytes: 2 ** 43 }],
    ['files[0].name', { files: [{ name: 'long-name.img', offset: 0, sizeBytes: 1 }] }],
    ['files[1].name', { files: [0, 0].map((offset) => ({ name: 'A.B', offset, sizeBytes: 1 })) }],
    ['files[0].offset', { files: [{ name: 'A.B', offset: 1, sizeBytes: 1 }] }],
    ['files[0].sizeBytes', { files: [{ name: 'A.B', offset: 0, sizeBytes: 65 * MIB }] }],
  ])('refuses %s that does not fit, by its name (%#)', (property, options) => {
    expect(() => isoDirectory(volume(options))).toThrow(
      expect.objectContaining({ code: 'out-of-range', context: { property } }),
    );
  });
});

describe('efiBootCatalog()', () => {
  test.each([
    [MIB, 2048],
    [65535 * 512, 65535],
    [64 * MIB, 0],
  ])('says of an image of %d bytes that it has %d sectors, and its words add up to 0', (sizeBytes, sectors) => {
    const { blocks } = efiBootCatalog({ offset: MIB, sizeBytes }, 30);
    expect([blocks.readUInt16LE(32 + 6), blocks.readUInt32LE(32 + 8)]).toEqual([sectors, 512]);
    let sum = 0;
    for (let at = 0; at < 32; at += 2) sum += blocks.readUInt16LE(at);
    expect(sum & 0xffff).toBe(0);
  });

  test('refuses an image at an odd place', () => {
    expect(() => efiBootCatalog({ offset: 100, sizeBytes: MIB }, 30)).toThrow(/offset is 100/);
  });
});
