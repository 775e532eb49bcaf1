import { expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { partBytes } from './parts.js';

const BLOB = Buffer.from(Array.from({ length: 5 << 20 }, (_, index) => (index * 7) >> 5));
const blob = sha256(BLOB);
const signal = new AbortController().signal;

async function joined(parts: Parameters<typeof partBytes>[0]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const readInto = async ({ offset, sizeBytes }: { offset: number; sizeBytes: number }, target: Uint8Array) => {
    target.set(BLOB.subarray(offset, offset + sizeBytes));
  };
  for await (const bytes of partBytes(parts, { readInto, signal })) chunks.push(Buffer.from(bytes));
  return Buffer.concat(chunks);
}

test('partBytes() gives what is known and what lies in the store, one behind the other, also of more than one chunk', async () => {
  const got = await joined([
    { bytes: Buffer.from('first') },
    { blob, offset: 3, sizeBytes: BLOB.byteLength - 3 },
    { blob, offset: 0, sizeBytes: 0 },
    { blob, offset: 1, sizeBytes: 1 },
  ]);
  expect(got.equals(Buffer.concat([Buffer.from('first'), BLOB.subarray(3), BLOB.subarray(1, 2)]))).toBe(true);
});

test('partBytes() ends, when it is cancelled', async () => {
  const bytes = partBytes([{ bytes: Buffer.from('x') }], {
    readInto: async () => undefined,
    signal: AbortSignal.abort(new Error('enough')),
  });
  await expect(bytes.next()).rejects.toThrow('enough');
});
