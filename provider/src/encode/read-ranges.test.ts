import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { readRanges } from './read-ranges.js';

test('readRanges() writes nothing any more once it has failed, since others may use the room then', async () => {
  const blob = sha256(Buffer.from('blob'));
  const ranges = [0, 1, 2].map((index) => ({ blob, offset: index * 100_000, sizeBytes: 10, at: index * 10 }));
  let ended = 0;
  const readInto = async ({ offset }: { offset: number }) => {
    if (offset === 0) throw new Error('the disk is gone');
    for (let left = 5; left > 0; left -= 1) await tick();
    ended += 1;
  };
  const reading = readRanges(ranges, { bytes: Buffer.alloc(30), gaps: {} }, { readInto });
  await expect(reading).rejects.toThrow('the disk is gone');
  expect(ended).toBe(2);
});
