import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from './error.js';
import { decompressXz } from './xz.js';

const MAX = { maxBytes: 1 << 28 };

/** Bytes that compress somewhat, and differ with the seed. */
function sample(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0, state = seed; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = at % 7 < 4 ? at >> 8 : state >>> 24;
  }
  return bytes;
}

const xz = (bytes: Uint8Array, ...flags: string[]) =>
  execFileSync('xz', ['-c', ...flags], { input: bytes, maxBuffer: 1 << 28 });

function* cut(bytes: Buffer, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('decompressXz()', () => {
  const data = sample(500_000);

  test.each([
    ['CRC64', ['--check=crc64']],
    ['CRC32', ['--check=crc32']],
    ['no check', ['--check=none']],
    ['several blocks', ['--block-size=100000']],
    ['the largest preset', ['-9']],
  ])('gives what xz took, with %s', async (_, flags) => {
    const compressed = xz(data, ...flags);
    for (const size of [compressed.length, 100_000]) {
      expect(digest(await gather(decompressXz(cut(compressed, size), MAX)))).toBe(digest(data));
    }
  });

  test('gives all streams of a file that has several', async () => {
    const streams = Buffer.concat([xz(data), xz(Buffer.from('second'))]);
    const got = await gather(decompressXz([streams], MAX));
    expect(got.length).toBe(data.length + 6);
    expect(got.subarray(-6).toString()).toBe('second');
  });

  test('gives nothing for the compressed form of nothing', async () => {
    expect(await gather(decompressXz([xz(Buffer.alloc(0))], MAX))).toHaveLength(0);
  });

  test('gives what xz took, for any bytes in any chunks, many at once', async () => {
    const input = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 500 }));
    await fc.assert(
      fc.asyncProperty(fc.array(input, { minLength: 1, maxLength: 4 }), async (inputs) => {
        const results = await Promise.all(
          inputs.map(([bytes, size]) => gather(decompressXz(cut(xz(bytes), size), MAX))),
        );
        results.forEach((result, at) => {
          expect(Buffer.compare(result, inputs[at]?.[0] as Uint8Array)).toBe(0);
        });
      }),
      { numRuns: 10 },
    );
  });

  const compressed = xz(data);
  const damaged = Buffer.from(compressed);
  damaged[1000] = (damaged[1000] ?? 0) ^ 1;
  test.each([
    ['truncated', 'no bytes', Buffer.alloc(0)],
    ['truncated', 'a missing end', compressed.subarray(0, -4)],
    ['truncated', 'a missing half', compressed.subarray(0, compressed.length / 2)],
    ['corrupt', 'a changed bit', damaged],
    ['malformed', 'something else', Buffer.alloc(100, 'xz')],
    ['malformed', 'something after the end', Buffer.concat([compressed, Buffer.alloc(100, 'trailing')])],
    ['unsupported', 'SHA-256 checks', xz(Buffer.from('x'), '--check=sha256')],
    ['unsupported', 'a filter for x86 code', xz(data, '--x86', '--lzma2')],
    ['too-large', 'a dictionary of 512 MiB', xz(Buffer.from('x'), '--lzma2=dict=512MiB')],
  ])('throws %s for %s, and works on afterwards', async (code, _, bytes) => {
    await expect(gather(decompressXz([bytes], MAX))).rejects.toMatchObject({ code });
    expect(await gather(decompressXz([xz(Buffer.from('fine'))], MAX))).toEqual(Buffer.from('fine'));
  });

  test('stops at the limit, before the rest is decompressed', async () => {
    const bomb = xz(Buffer.alloc(20_000_000));
    let given = 0;
    const reading = (async () => {
      for await (const chunk of decompressXz([bomb], { maxBytes: 1_000_000 })) given += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'too-large' });
    expect(given).toBeLessThanOrEqual(1_000_000);
  });

  test('throws the reason of an abort, also while it waits for a thread', async () => {
    const abort = new AbortController();
    const never = async function* (): AsyncGenerator<Uint8Array> {
      yield compressed.subarray(0, 1000);
      await new Promise(() => undefined);
    };
    const readings = [1, 2, 3].map(() => gather(decompressXz(never(), { ...MAX, signal: abort.signal })));
    const settled = Promise.allSettled(readings);
    setTimeout(() => abort.abort(new Error('enough')), 50);
    for (const result of await settled)
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
    expect(await gather(decompressXz([xz(Buffer.from('fine'))], MAX))).toEqual(Buffer.from('fine'));
  });

  test('throws what its input throws', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield compressed.subarray(0, 1000);
      throw new FormatError('corrupt', 'from below');
    };
    await expect(gather(decompressXz(broken(), MAX))).rejects.toThrow('from below');
  });

  test('lets go of its thread and its input when the reader stops early', async () => {
    let closed = 0;
    const input = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (const chunk of cut(compressed, 10_000)) yield chunk;
      } finally {
        closed += 1;
      }
    };
    for (let turn = 0; turn < 3; turn++) {
      for await (const chunk of decompressXz(input(), MAX)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
    expect(closed).toBe(3);
  });
});
