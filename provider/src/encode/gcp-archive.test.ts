import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferOf, memoryImage } from './block-image.fixture.js';
import type { BlockImage } from './block-image.js';
import { composeBlocks } from './compose-blocks.js';
import { bytesImage } from './content-blocks.js';
import { encodeGcpArchive } from './gcp-archive.js';
import { MemoryStore } from './tree.fixture.js';

const MIB = 1 << 20;

const KEPT = memoryImage([{ kind: 'data', sizeBytes: 3 * MIB }], {
  seed: 7,
  regions: [
    { key: 'large', offset: 4096, sizeBytes: 2 * MIB },
    { key: 'small', offset: 4096 + 2 * MIB, sizeBytes: 8192 },
  ],
});
const diskAt = (offset: number): BlockImage =>
  composeBlocks(
    [
      { offset: 0, image: bytesImage(Buffer.from('the beginning')) },
      { offset, image: KEPT },
    ],
    { sizeBytes: 40 * MIB, between: 'unused' },
  );

describe('encodeGcpArchive()', () => {
  test('is a tar of the disk in one gzip member', async () => {
    const archive = gunzipSync(await buffer(encodeGcpArchive(diskAt(8 * MIB), new MemoryStore().context())));
    expect(archive.toString('latin1', 0, 8)).toBe('disk.raw');
    expect(archive.toString('latin1', 257, 265)).toBe('ustar  \0');
    expect(archive.subarray(512, 512 + 40 * MIB).equals(await bufferOf(diskAt(8 * MIB)))).toBe(true);
    expect(archive.length % 10240).toBe(0);
    expect(archive.subarray(512 + 40 * MIB).every((byte) => byte === 0)).toBe(true);
  });

  test('compresses a region once, wherever it lies', async () => {
    const store = new MemoryStore();
    const context = store.context();
    const first = await buffer(encodeGcpArchive(diskAt(8 * MIB), context));
    const moved = await buffer(encodeGcpArchive(diskAt(20 * MIB + 4096), context));
    expect(store.made.map((key) => key.split('\0').at(-1))).toEqual(['large']);
    expect((await buffer(encodeGcpArchive(diskAt(8 * MIB), context))).equals(first)).toBe(true);
    expect(
      gunzipSync(moved)
        .subarray(512, 512 + 40 * MIB)
        .equals(await bufferOf(diskAt(20 * MIB + 4096))),
    ).toBe(true);
  });

  test('takes a thousandth for zeros', async () => {
    const disk = composeBlocks([], { sizeBytes: 1024 * MIB, between: 'unused' });
    let sizeBytes = 0;
    for await (const bytes of encodeGcpArchive(disk, new MemoryStore().context())) sizeBytes += bytes.byteLength;
    expect(sizeBytes).toBeLessThan(1.1 * MIB);
  });
});
