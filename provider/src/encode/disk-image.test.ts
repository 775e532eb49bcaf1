import { describe, expect, test } from 'vitest';
import { readGpt, readGptTail } from '../format/gpt.js';
import { guidOfName } from '../format/guid.js';
import { bufferOf, digestOf, faultsOf, memoryImage } from './block-image.fixture.js';
import { encodeDiskImage } from './disk-image.js';
import { type DiskOptions, diskLayout, METADATA_TYPE, partitionGuid } from './disk-layout.js';
import { upToDouble, upToEighth } from './quantize.js';

const MIB = 1 << 20;
const GIB = 1 << 30;
const image = (sizeBytes: number, seed = 1) => memoryImage([{ kind: 'data', sizeBytes }], { seed });
const disk = (change: Partial<DiskOptions> = {}): DiskOptions => ({
  name: 'web',
  format: 'raw-efi',
  platform: 'linux/amd64',
  esp: image(4 * MIB),
  ...change,
});
const WHOLE = disk({ metadata: image(10_000, 2), verity: image(12_288, 3), root: image(3 * MIB + 4096, 4) });

describe('encodeDiskImage()', () => {
  test('puts a table at both ends, and the partitions between', async () => {
    const made = encodeDiskImage(WHOLE);
    const bytes = await bufferOf(made);
    const gpt = readGpt(bytes);
    expect(readGptTail(bytes.subarray(-33 * 512))).toEqual(gpt);
    expect(gpt.sectors * 512).toBe(made.sizeBytes);
    expect(gpt.partitions.map(({ name, startLba }) => [name, startLba * 512])).toEqual([
      ['ingot-metadata', MIB],
      ['esp', 17 * MIB],
      ['root-verity', 21 * MIB],
      ['root', 37 * MIB],
    ]);
    expect(made.partitions.map(({ role, offset }) => [role, offset])).toEqual([
      ['metadata', MIB],
      ['esp', 17 * MIB],
      ['verity', 21 * MIB],
      ['root', 37 * MIB],
    ]);
    expect(
      bytes
        .subarray(37 * MIB)
        .subarray(0, 3 * MIB + 4096)
        .equals(await bufferOf(image(3 * MIB + 4096, 4))),
    ).toBe(true);
  });

  test('keeps the contract of a block image, and moves regions along', async () => {
    const regions = [{ key: 'a', offset: 4096, sizeBytes: 8192 }];
    const root = memoryImage(
      [
        { kind: 'data', sizeBytes: 20_480 },
        { kind: 'zero', sizeBytes: 4096 },
      ],
      { regions },
    );
    const made = encodeDiskImage(disk({ root }));
    expect(await faultsOf(made)).toEqual([]);
    expect(made.regions).toEqual([{ key: 'a', offset: 5 * MIB + 4096, sizeBytes: 8192 }]);
    expect(made.extents.map(({ kind }) => kind)).toEqual(['data', 'zero', 'data', 'zero', 'unused', 'data']);
  });

  test('stays as it is', async () => {
    expect(await digestOf(encodeDiskImage(WHOLE))).toMatchInlineSnapshot(
      `"0b7275e02dba86cfe7d5502a3ebafa494d75d70ea41885b18a0cb9daf2e11234"`,
    );
    expect(await digestOf(encodeDiskImage({ ...WHOLE, platform: 'linux/arm64' }))).toMatchInlineSnapshot(
      `"a3ef43f55bc57d9691e049c26caab606a6020b49a9492e59eb3d6df53dea5d83"`,
    );
  });
});

describe('diskLayout()', () => {
  test('moves nothing when root and tree grow by some blocks', () => {
    const places = (rootBytes: number) =>
      diskLayout(
        disk({ metadata: image(1), verity: image(Math.ceil(rootBytes / 127)), root: image(rootBytes) }),
      ).partitions.map(({ offset }) => offset);
    expect(places(7 * MIB + 4096)).toEqual(places(5 * MIB));
  });

  test.each([
    [{ sizeMultipleBytes: GIB }, GIB],
    [{ sizeMultipleBytes: GIB, addBytes: GIB }, 2 * GIB],
    [{ addBytes: 100 * MIB }, 106 * MIB],
    [{}, 6 * MIB],
  ])('has the size that is asked for: %j', (options, sizeBytes) => {
    const layout = diskLayout(disk(options));
    expect([layout.sizeBytes, layout.gpt.sectors]).toEqual([sizeBytes, sizeBytes / 512]);
  });

  test('has identifiers of name, format and role alone', () => {
    const guids = (options: DiskOptions) => diskLayout(options).gpt.partitions.map(({ guid }) => guid);
    expect(guids(disk({ esp: image(5 * MIB, 9) }))).toEqual(guids(disk()));
    expect(guids(disk({ name: 'other' }))).not.toEqual(guids(disk()));
    expect(guids(disk({ format: 'aws' }))).not.toEqual(guids(disk()));
    expect(guids(disk())).toEqual([partitionGuid('esp', { name: 'web', format: 'raw-efi' })]);
    expect(METADATA_TYPE).toBe(guidOfName('ingot metadata partition'));
  });
});

describe('upToEighth(), upToDouble()', () => {
  test.each([
    [0, 0, 16],
    [1, 1, 16],
    [17, 18, 32],
    [100, 104, 128],
    [405, 416, 512],
  ])('%d MiB is %d and %d', (size, eighth, double) => {
    expect(upToEighth(size * MIB) / MIB).toBe(eighth);
    expect(upToEighth(eighth * MIB) / MIB).toBe(eighth);
    expect(upToDouble(size * MIB, 16 * MIB) / MIB).toBe(double);
  });
});
