import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Rooms } from './rooms.js';

describe('Rooms', () => {
  test('gives each room to one at a time, in the order of asking, and makes no more of them', async () => {
    let made = 0;
    const rooms = new Rooms(() => ({ name: ++made, taken: false }), { count: 2 });
    const begun: number[] = [];
    const work = async (index: number) => {
      const room = await rooms.take();
      expect(room.taken).toBe(false);
      room.taken = true;
      begun.push(index);
      await pause(index % 3);
      room.taken = false;
      rooms.give(room);
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)));
    expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(made).toBe(2);
  });
});
