import { describe, expect, test } from 'vitest';
import { readFat } from '../format/fat.fixture.js';
import { bufferOf, digestOf, faultsOf, memoryImage } from './block-image.fixture.js';
import { bytesImage } from './content-blocks.js';
import { espImage, espSizeBytes, tightEspSizeBytes } from './esp-image.js';

const MIB = 1 << 20;
const file = (path: string, sizeBytes: number) => ({
  path,
  image: memoryImage([{ kind: 'data', sizeBytes }], { seed: sizeBytes }),
});
const FILES = [
  file('EFI/BOOT/BOOTX64.EFI', 1_234_567),
  { path: 'loader/loader.conf', image: bytesImage(Buffer.from('timeout 0\n')) },
];

describe('espImage()', () => {
  test('holds the files, and keeps the contract of a block image', async () => {
    const esp = espImage({ name: 'web', format: 'raw-efi', files: FILES });
    expect(esp.sizeBytes).toBe(64 * MIB);
    expect(await faultsOf(esp)).toEqual([]);
    const read = readFat(await bufferOf(esp));
    expect([...read.keys()].sort()).toEqual(FILES.map(({ path }) => path));
    for (const { path, image } of FILES) expect(read.get(path)?.equals(await bufferOf(image)), path).toBe(true);
  });

  test('does not read what it says is unused', async () => {
    const esp = espImage({ name: 'web', format: 'raw-efi', files: FILES });
    const bytes = await bufferOf(esp);
    for (const { kind, offset, sizeBytes } of esp.extents) {
      if (kind === 'unused') bytes.fill(0xa5, offset, offset + sizeBytes);
    }
    expect([...readFat(bytes).keys()].sort()).toEqual(FILES.map(({ path }) => path));
    const data = esp.extents.reduce((sum, { kind, sizeBytes }) => sum + (kind === 'data' ? sizeBytes : 0), 0);
    expect(data).toBeLessThan(1.3 * MIB);
  });

  test('stays as it is', async () => {
    expect(await digestOf(espImage({ name: 'web', format: 'raw-efi', files: FILES }))).toMatchInlineSnapshot(
      `"00062f6ad6f6b672449d53720af8adba81b4c2dcbc786df14cfc089c5a83dda9"`,
    );
    expect(
      await digestOf(espImage({ name: 'web', format: 'iso-efi', files: FILES, sizeBytes: 4 * MIB })),
    ).toMatchInlineSnapshot(`"27f03554e6b6685d879e684d6933bbc621a2edc35e90c0c724748c991da1a5ab"`);
  });

  test('refuses files that do not fit into the size that is asked for', () => {
    const files = [file('a', 5 * MIB)];
    expect(() => espImage({ name: 'web', format: 'aws', files, sizeBytes: 4 * MIB })).toThrow(/do not fit/);
  });
});

describe('espSizeBytes()', () => {
  test.each([
    [1, 64],
    [50, 64],
    [56, 128],
    [110, 128],
    [120, 256],
    [3800, 8192],
  ])('for %d MiB of files is %d MiB', (size, wanted) => {
    const image = { ...bytesImage(Buffer.alloc(0)), sizeBytes: size * MIB };
    expect(espSizeBytes([{ path: 'EFI/BOOT/BOOTX64.EFI', image }]) / MIB).toBe(wanted);
  });

  test('refuses a file of 4 GiB with its own size, not with the room that it was to have', () => {
    const image = { ...bytesImage(Buffer.alloc(0)), sizeBytes: 4096 * MIB };
    expect(() => espSizeBytes([{ path: 'EFI/BOOT/BOOTX64.EFI', image }])).toThrow(/sizeBytes 4294967296 does not fit/);
  });
});

describe('tightEspSizeBytes()', () => {
  test.each([
    [1, 4],
    [30, 32],
    [50, 52],
    [500, 512],
  ])('for %d MiB of files is %d MiB', (size, wanted) => {
    const image = { ...bytesImage(Buffer.alloc(0)), sizeBytes: size * MIB };
    expect(tightEspSizeBytes([{ path: 'EFI/BOOT/BOOTX64.EFI', image }]) / MIB).toBe(wanted);
  });
});
