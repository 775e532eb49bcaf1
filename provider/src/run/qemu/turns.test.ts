import { describe, expect, test } from 'vitest';
import { Turns } from './turns.js';

const never = new AbortController().signal;

/** Work that goes on until it is told to end. */
function work() {
  let end = (): void => {};
  const running = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end: () => end(), running };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Turns', () => {
  test('run() lets as many run at once as there is room for, in their order', async () => {
    const turns = new Turns({ memoryMiB: 1000, cpus: 2 });
    const begun: string[] = [];
    const works = ['a', 'b', 'c'].map((name) => ({ name, ...work() }));
    const all = works.map(({ name, running }) =>
      turns.run({ memoryMiB: 400, cpus: 1 }, never, async () => {
        begun.push(name);
        await running;
      }),
    );
    await settle();
    expect(begun).toEqual(['a', 'b']);
    works[1]?.end();
    await settle();
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const { end } of works) end();
    await Promise.all(all);
  });

  test('run() lets one that is larger than the host run alone', async () => {
    const turns = new Turns({ memoryMiB: 100, cpus: 1 });
    expect(await turns.run({ memoryMiB: 4000, cpus: 8 }, never, async () => 'done')).toBe('done');
  });

  test('run() gives up the turn of one that is no longer wanted, and those behind it go on', async () => {
    const turns = new Turns({ memoryMiB: 100, cpus: 1 });
    const first = work();
    const running = turns.run({ memoryMiB: 1, cpus: 1 }, never, () => first.running);
    const end = new AbortController();
    const waiting = turns.run({ memoryMiB: 1, cpus: 1 }, end.signal, async () => 'never');
    const next = turns.run({ memoryMiB: 1, cpus: 1 }, never, async () => 'next');
    end.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    first.end();
    await running;
    expect(await next).toBe('next');
  });
});
