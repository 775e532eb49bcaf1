import { describe, expect, test } from 'vitest';
import { readGpt, readGptTail } from '../format/gpt.js';
import { bufferOf, digestOf, faultsOf, memoryImage } from './block-image.fixture.js';
import { encodeDiskImage } from './disk-image.js';
import { encodeIsoImage } from './iso-image.js';

const MIB = 1 << 20;
const image = (sizeBytes: number, seed: number) => memoryImage([{ kind: 'data', sizeBytes }], { seed });
const OPTIONS = {
  name: 'web 1.0/x',
  format: 'iso-efi',
  platform: 'linux/amd64',
  esp: image(4 * MIB, 1),
  root: image(MIB + 4096, 2),
} as const;

describe('encodeIsoImage()', () => {
  test('is a disk and a CD at once', async () => {
    const iso = encodeIsoImage(OPTIONS);
    expect(await faultsOf(iso)).toEqual([]);
    const bytes = await bufferOf(iso);
    expect(readGptTail(bytes.subarray(-33 * 512))).toEqual(readGpt(bytes));
    expect(bytes.toString('latin1', 32768 + 1, 32768 + 6)).toBe('CD001');
    expect(bytes.toString('latin1', 32768 + 40, 32768 + 72).trimEnd()).toBe('WEB_1_0_X');
    const disk = await bufferOf(encodeDiskImage(OPTIONS));
    expect(bytes.subarray(MIB).equals(disk.subarray(MIB))).toBe(true);
  });

  test('stays as it is', async () => {
    expect(await digestOf(encodeIsoImage(OPTIONS))).toMatchInlineSnapshot(
      `"0e0e5f95ad3b6814e433b1831db1c60cecc295241cb758d54bb5258493a80bb8"`,
    );
  });
});
