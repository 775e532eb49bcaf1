import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { chunksOf, sliceOf, sourceOf } from './byte-source.js';
import { type Digested, digestStream, limitStream } from './digest-stream.js';

const chunks = [Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')];

async function gather(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

describe('digestStream()', () => {
  test('passes all on, then tells digest and size', async () => {
    let told: Digested | undefined;
    const stream = digestStream(chunks, (digested) => {
      told = digested;
    });
    expect(await gather(stream)).toBe('onetwo');
    expect(told).toEqual({ digest: `sha256:${createHash('sha256').update('onetwo').digest('hex')}`, sizeBytes: 6 });
  });

  test('ends with what its end throws', async () => {
    const stream = digestStream(chunks, () => {
      throw new Error('not the one');
    });
    await expect(gather(stream)).rejects.toThrow('not the one');
  });
});

describe('limitStream()', () => {
  test('passes on as much as is allowed, and throws too-large instead of the first chunk beyond', async () => {
    expect(await gather(limitStream(chunks, { maxBytes: 6, of: 'it' }))).toBe('onetwo');
    const limited = limitStream(chunks, { maxBytes: 5, of: 'it' });
    expect((await limited.next()).value?.toString()).toBe('one');
    await limited.next();
    await expect(limited.next()).rejects.toMatchObject({
      code: 'too-large',
      message: 'Cannot read it: it has more than 5 bytes',
    });
  });
});

describe('sliceOf()', () => {
  test('gives a part as a source of its own, and refuses parts that are not there', async () => {
    const source = sourceOf(Buffer.from('0123456789'));
    const slice = sliceOf(source, { offset: 2, sizeBytes: 5 });
    expect(await gather(chunksOf(slice, 2))).toBe('23456');
    expect(await gather(chunksOf(sliceOf(slice, { offset: 5, sizeBytes: 0 })))).toBe('');
    expect(() => sliceOf(slice, { offset: 3, sizeBytes: 3 })).toThrow(expect.objectContaining({ code: 'truncated' }));
  });
});
