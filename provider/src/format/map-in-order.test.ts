import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapInOrder } from './map-in-order.js';

describe('mapInOrder()', () => {
  test('gives results in the order of the items, never more at once than it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3)), fc.integer({ min: 1, max: 5 }), async (delays, inFlight) => {
        let running = 0;
        let most = 0;
        const results = mapInOrder(
          delays.entries(),
          async ([index, delay]) => {
            running += 1;
            most = Math.max(most, running);
            await sleep(delay);
            running -= 1;
            return index;
          },
          { inFlight },
        );
        expect(await Readable.from(results).toArray()).toEqual([...delays.keys()]);
        expect(most).toBeLessThanOrEqual(inFlight);
      }),
      { numRuns: 30 },
    );
  });

  test('takes no further item, when one has failed', async () => {
    let taken = 0;
    function* items() {
      for (; taken < 100; taken++) yield taken;
    }
    const results = mapInOrder(
      items(),
      async (item) => {
        await sleep(1);
        if (item === 2) throw new Error('no third');
        return item;
      },
      { inFlight: 2 },
    );
    await expect(Readable.from(results).toArray()).rejects.toThrow('no third');
    expect(taken).toBeLessThan(6);
  });

  test('waits for what it has started, when its taker stops early', async () => {
    let running = 0;
    const map = async (item: number) => {
      running += 1;
      await sleep(2);
      running -= 1;
      return item;
    };
    for await (const _ of mapInOrder([1, 2, 3, 4, 5], map, { inFlight: 3 })) break;
    expect(running).toBe(0);
  });
});
