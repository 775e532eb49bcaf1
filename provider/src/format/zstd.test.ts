import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as pause, setImmediate as tick } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { zstdFrame, zstdName } from './zstd.js';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;
const LEVEL = { level: 3 };

async function* inPieces(content: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
}

async function compressed(content: Uint8Array, pieceBytes: number, sizeBytes = content.byteLength): Promise<Buffer> {
  return await gather(zstdFrame(inPieces(content, pieceBytes), { ...LEVEL, sizeBytes }));
}

/** Chunks are gone when the next one is asked for. */
async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Buffer[] = [];
  for await (const chunk of chunks) kept.push(Buffer.from(chunk));
  return Buffer.concat(kept);
}

function sample(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0, state = 1; at < sizeBytes; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = at > 1000 && (state & 3) !== 0 ? (bytes[at - 997] as number) : state >>> 24;
  }
  return bytes;
}

/** RFC 8878 section 3.1.1.1: the parts of a frame header. */
function frameHeader(frame: Buffer) {
  const descriptor = frame[4] as number;
  const single = (descriptor & 0x20) !== 0;
  const at = single ? 5 : 6;
  const sizeFlag = descriptor >> 6;
  const sizeBytes =
    sizeFlag === 0
      ? single
        ? frame[at]
        : undefined
      : sizeFlag === 1
        ? frame.readUInt16LE(at) + 256
        : frame.readUInt32LE(at);
  return { magic: frame.readUInt32LE(0), hasChecksum: (descriptor & 4) !== 0, sizeBytes };
}

const compress = (content: Uint8Array) => compressed(content, 100_000);

describe('zstdFrame()', () => {
  test.each([0, 1, 255, 256, 70_000, 1 << 20, 3_000_000])(
    'gives a frame with content size and checksum, for %d bytes',
    async (sizeBytes) => {
      const content = sample(sizeBytes);
      const frame = await compress(content);
      expect(frameHeader(frame)).toEqual({ magic: 0xfd2fb528, hasChecksum: true, sizeBytes });
      expect(zstdDecompressSync(frame).equals(content)).toBe(true);
    },
  );

  test('can be read back, for any small content', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (content) => {
        expect(zstdDecompressSync(await compress(content)).equals(content)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.skipIf(!hasZstd)(
    `is accepted by zstd${hasZstd ? '' : ' (not run: no zstd here)'}, also several in a row`,
    async () => {
      const parts = [sample(3_000_000), sample(10), sample(0), sample(500_000)];
      const frames = Buffer.concat(await Promise.all(parts.map((part) => compress(part))));
      execFileSync('zstd', ['-qt'], { input: frames });
      const read = execFileSync('zstd', ['-qdc'], { input: frames, maxBuffer: 1 << 24 });
      expect(read.equals(Buffer.concat(parts))).toBe(true);
      const bad = Buffer.from(frames);
      bad[bad.length - 1] = (bad[bad.length - 1] as number) ^ 1;
      expect(spawnSync('zstd', ['-qt'], { input: bad }).status).not.toBe(0);
    },
  );

  test('gives the same bytes, however the content is cut into chunks', async () => {
    const content = sample(3_000_000);
    const whole = await compressed(content, content.length);
    for (const pieceBytes of [777, 65_536, 1_000_003]) {
      expect((await compressed(content, pieceBytes)).equals(whole)).toBe(true);
    }
  });

  test('gives the same bytes, however slowly content comes and chunks are taken', async () => {
    const all = sample(3_000_000);
    for (let run = 1; run <= 60; run += 1) {
      const content = all.subarray(0, (run * 777_777) % all.length);
      const slowly = async function* () {
        for await (const piece of inPieces(content, 1 << 18)) {
          if (run % 3 > 0) await (run % 2 === 0 ? tick() : pause(1));
          yield piece;
        }
      };
      const kept: Buffer[] = [];
      for await (const chunk of zstdFrame(slowly(), { ...LEVEL, sizeBytes: content.length })) {
        kept.push(Buffer.from(chunk));
        if (run % 4 > 0) await (run % 5 === 0 ? tick() : pause(run % 7));
      }
      expect(zstdDecompressSync(Buffer.concat(kept)).equals(content)).toBe(true);
    }
  });

  test.each([-1, 1])('throws, when the content is not as long as it should be (%d)', async (error) => {
    await expect(compressed(sample(100_000), 5000, 100_000 + error)).rejects.toThrow();
  });

  test('passes on the failure of its input', async () => {
    async function* failing() {
      yield sample(2 << 20);
      throw new Error('the disk is gone');
    }
    const frame = zstdFrame(failing(), { ...LEVEL, sizeBytes: 4 << 20 });
    await expect(gather(frame)).rejects.toThrow('the disk is gone');
  });

  test('lets go of its input, when its taker stops early', async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield sample(1 << 20);
      } finally {
        ended = true;
      }
    }
    for await (const _ of zstdFrame(endless(), { ...LEVEL, sizeBytes: 2 ** 31 })) break;
    await expect.poll(() => ended, { timeout: 250_000 }).toBe(true);
  });
});

describe('zstdName()', () => {
  test('names level and version', () => {
    expect(zstdName(3)).toBe(`zstd level 3 (zstd ${process.versions.zstd})`);
  });
});
