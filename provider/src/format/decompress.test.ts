import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Compression, decompress } from './decompress.js';
import { FormatError } from './error.js';

const data = Buffer.from(Array.from({ length: 400_000 }, (_, at) => (at * at) >> (at % 11)));
const skippable = Buffer.concat([Buffer.from('5a2a4d18', 'hex'), Buffer.of(5, 0, 0, 0), Buffer.from('skip!')]);
const zstd = (bytes: Uint8Array, ...flags: string[]) =>
  execFileSync('zstd', ['-qc', ...flags], { input: bytes, maxBuffer: 1 << 28 });

function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const read = (compression: Compression, chunks: Iterable<Uint8Array>, maxBytes = 1 << 26) =>
  gather(decompress(chunks, { compression, maxBytes }));

describe('decompress()', () => {
  const inputs: readonly (readonly [string, Compression, Buffer, Buffer])[] = [
    ['none', 'none', data, data],
    ['gzip', 'gzip', gzipSync(data), data],
    [
      'gzip of two members',
      'gzip',
      Buffer.concat([gzipSync(data), gzipSync('two')]),
      Buffer.concat([data, Buffer.from('two')]),
    ],
    ['xz', 'xz', execFileSync('xz', ['-c'], { input: data }), data],
    ['zstd with a checksum', 'zstd', zstd(data), data],
    ['zstd without one', 'zstd', zstd(data, '--no-check'), data],
    ['zstd of unknown size', 'zstd', zstd(data, '--no-content-size'), data],
    ['zstd -19', 'zstd', zstd(data, '-19'), data],
    ['zstd that repeats one byte', 'zstd', zstd(Buffer.alloc(1_000_000, 7)), Buffer.alloc(1_000_000, 7)],
    ['zstd of nothing', 'zstd', zstd(Buffer.alloc(0)), Buffer.alloc(0)],
    [
      'zstd of three frames, with skippable ones between',
      'zstd',
      Buffer.concat([skippable, zstd(data), skippable, zstdCompressSync('two'), zstd(data, '-1'), skippable]),
      Buffer.concat([data, Buffer.from('two'), data]),
    ],
  ];

  test.each(inputs)('gives what was compressed, in any chunks, for %s', async (_, compression, compressed, want) => {
    for (const sizes of [[compressed.length], [65_536], [999, 1, 3]]) {
      expect(digest(await read(compression, cut(compressed, sizes)))).toBe(digest(want));
    }
  });

  test('gives all frames of zstd data, cut anywhere', async () => {
    const frames = Buffer.concat([
      zstd(Buffer.from('one')),
      skippable,
      zstdCompressSync(Buffer.alloc(3000, 1)),
      zstd(Buffer.from('three')),
    ]);
    const want = digest(Buffer.concat([Buffer.from('one'), Buffer.alloc(3000, 1), Buffer.from('three')]));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(sizes, async (some) => digest(await read('zstd', cut(frames, some))) === want),
      { numRuns: 50 },
    );
  });

  const two = Buffer.concat([zstd(data), zstd(data)]);
  const refused: readonly (readonly [string, string, Compression, Buffer])[] = [
    ['truncated', 'gzip without its end', 'gzip', gzipSync(data).subarray(0, -9)],
    ['corrupt', 'no gzip', 'gzip', Buffer.from('not gzip at all')],
    ['corrupt', 'gzip with a wrong CRC', 'gzip', flip(gzipSync(data), -6)],
    ['truncated', 'no zstd bytes', 'zstd', Buffer.alloc(0)],
    ['truncated', 'zstd without the end of its second frame', 'zstd', two.subarray(0, -1)],
    ['truncated', 'zstd that ends within a magic number', 'zstd', Buffer.concat([two, Buffer.of(0x28, 0xb5)])],
    ['truncated', 'zstd without its last block', 'zstd', two.subarray(0, 50_000)],
    ['truncated', 'half a skippable frame', 'zstd', Buffer.concat([two, skippable.subarray(0, -1)])],
    ['malformed', 'zstd with something after its end', 'zstd', Buffer.concat([two, Buffer.from('trailing')])],
    ['malformed', 'no zstd', 'zstd', Buffer.from('not zstd at all')],
    ['corrupt', 'zstd with a wrong checksum', 'zstd', flip(zstd(data), -2)],
    ['corrupt', 'zstd with a window beyond 128 MiB', 'zstd', Buffer.from('28b52ffd00a9010000', 'hex')],
  ];

  test.each(refused)('throws %s for %s', async (code, _, compression, bytes) => {
    await expect(read(compression, [bytes])).rejects.toBeInstanceOf(FormatError);
    await expect(read(compression, [bytes])).rejects.toMatchObject({ code });
  });

  test.each(['none', 'gzip', 'zstd'] as const)('stops at the limit, for %s', async (compression) => {
    const compressed = inputs.find(([, kind]) => kind === compression)?.[2] ?? data;
    await expect(read(compression, cut(compressed, [5000]), data.length - 1)).rejects.toMatchObject({
      code: 'too-large',
    });
    expect(await read(compression, cut(compressed, [5000]), data.length)).toHaveLength(data.length);
  });

  test.each(['gzip', 'zstd'] as const)(
    'throws the reason of an abort, and what its input throws, for %s',
    async (compression) => {
      const compressed = compression === 'gzip' ? gzipSync(data) : zstd(data);
      const endless = async function* (): AsyncGenerator<Uint8Array> {
        yield compressed.subarray(0, 20);
        await new Promise(() => undefined);
      };
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error('enough')), 20);
      const options = { compression, maxBytes: 1 << 26, signal: abort.signal };
      await expect(gather(decompress(endless(), options))).rejects.toThrow('enough');
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield compressed.subarray(0, 20);
        throw new Error('from below');
      };
      await expect(gather(decompress(broken(), { compression, maxBytes: 1 << 26 }))).rejects.toThrow('from below');
    },
  );
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = copy.length + at;
  copy[index] = (copy[index] ?? 0) ^ 0x10;
  return copy;
}
