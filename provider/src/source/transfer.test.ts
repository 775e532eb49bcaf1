import { describe, expect, test } from 'vitest';
import { SourceError } from './error.js';
import { patiently, transfer } from './transfer.js';
import { PassingFailure } from './transfer-failure.js';

const signal = new AbortController().signal;
const patience = { attempts: 3, firstDelayMs: 1, stallMs: 1000 };
const passing = (retryAfterMs?: number) => new PassingFailure('bad-answer', 'Cannot fetch x: later', { retryAfterMs });

/** Requests that each bring so many bytes and then break, until all have come. */
function breaking(sizeBytes: number, bytesEach: number) {
  const asked: number[] = [];
  const chunk = new Uint8Array(bytesEach);
  const requestFrom = async function* (from: number): AsyncGenerator<Uint8Array> {
    asked.push(from);
    yield chunk.subarray(0, Math.min(bytesEach, sizeBytes - from));
    if (from + bytesEach < sizeBytes) throw passing();
  };
  return { asked, requestFrom };
}

async function sizeOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of chunks) sizeBytes += chunk.byteLength;
  return sizeBytes;
}

describe('transfer()', () => {
  const options = { of: 'x', signal, patience };

  test('asks for what has not come yet, as often as it may', async () => {
    const { asked, requestFrom } = breaking(25, 10);
    expect(await sizeOf(transfer(requestFrom, { ...options, sizeBytes: 25 }))).toBe(25);
    expect(asked).toEqual([0, 10, 20]);
    const more = breaking(45, 10);
    await expect(sizeOf(transfer(more.requestFrom, { ...options, sizeBytes: 45 }))).rejects.toThrow('later');
    expect(more.asked).toHaveLength(3);
  });

  test('counts no attempt that brought much', async () => {
    const each = 16 * 2 ** 20;
    const { asked, requestFrom } = breaking(6 * each, each);
    expect(await sizeOf(transfer(requestFrom, { ...options, sizeBytes: 6 * each }))).toBe(6 * each);
    expect(asked).toHaveLength(6);
  });

  test('is done when all has come, also if the connection breaks after that', async () => {
    const requestFrom = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw passing();
    };
    expect(await sizeOf(transfer(requestFrom, { ...options, sizeBytes: 10 }))).toBe(10);
    expect(await sizeOf(transfer(requestFrom, { ...options, sizeBytes: 10, offset: 10 }))).toBe(0);
  });

  test('throws size-mismatch before it hands out more than there is', async () => {
    const requestFrom = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      yield new Uint8Array(10);
    };
    const chunks = transfer(requestFrom, { ...options, sizeBytes: 15 });
    expect((await chunks.next()).value).toHaveLength(10);
    await expect(chunks.next()).rejects.toMatchObject({ code: 'size-mismatch' });
  });
});

describe('patiently()', () => {
  const failing = (failure: unknown) => {
    const calls: number[] = [];
    return { calls, call: () => Promise.reject(calls.push(0) > 0 ? failure : undefined) };
  };

  test.each<[string, unknown, number]>([
    ['is over soon', passing(), 3],
    ['is over in a minute or less', passing(1), 3],
    ['lasts longer', passing(61_000), 1],
    ['stays', new SourceError('not-found', 'Cannot fetch x: it is not there'), 1],
    ['nobody knows', new Error('x'), 1],
  ])('tries again after a failure that %s', async (_, failure, calls) => {
    const tried = failing(failure);
    await expect(patiently(tried.call, { signal, patience })).rejects.toBe(failure);
    expect(tried.calls).toHaveLength(calls);
  });

  test('throws the reason of an abort while it waits', async () => {
    const { call } = failing(passing(50_000));
    const waiting = patiently(call, { signal: AbortSignal.timeout(20), patience });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
