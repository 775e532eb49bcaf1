import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Rooms } from './rooms.js';

describe('Rooms', () => {
  test('gives each room to one at a time, in the order of asking, and makes no more of them', async () => {
    let made = 0;
    const rooms = new Rooms(() => ({ name: ++made, taken: false }), { count: 2 });
    const begun: number[] = [];
    const work = async (index: number) =>
      await rooms.use(async (room) => {
        expect(room.taken).toBe(false);
        room.taken = true;
        begun.push(index);
        await pause(index % 3);
        room.taken = false;
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => work(index)));
    expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(made).toBe(2);
  });

  test('gives a room back, when the work in it fails', async () => {
    const rooms = new Rooms(() => 'room', { count: 1 });
    await expect(rooms.use(async () => Promise.reject(new Error('the disk is gone')))).rejects.toThrow('the disk');
    expect(await rooms.use(async (room) => room)).toBe('room');
  });
});
