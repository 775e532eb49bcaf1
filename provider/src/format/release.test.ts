import { expect, test } from 'vitest';
import { release } from './release.js';

test('release() leaves buffers empty, also several in the same memory', () => {
  const memory = new ArrayBuffer(100_000);
  const buffers = [Buffer.from(memory, 0, 10), Buffer.from(memory, 10), Buffer.allocUnsafeSlow(10)];
  release(buffers);
  expect(buffers.map(({ length }) => length)).toEqual([0, 0, 0]);
  expect(memory.detached).toBe(true);
});
