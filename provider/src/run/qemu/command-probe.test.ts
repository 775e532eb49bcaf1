import { describe, expect, test } from 'vitest';
import { type CommandFault, faultIn, untilCommandGood } from './command-probe.js';
import type { CommandOutcome } from './command-words.js';

const exited = (status: number, text = ''): CommandOutcome => ({ kind: 'exited', status, output: Buffer.from(text) });

describe('faultIn()', () => {
  test.each([
    [exited(0), {}, undefined],
    [exited(3), { status: 3 }, undefined],
    [exited(0, 'syntax is ok\n'), { output: 'is ok' }, undefined],
    [exited(0, 'é'), { output: 'é' }, undefined],
    [exited(1, 'a\n\x1b[31mb\n'), {}, { why: 'it exited with status 1, not 0', lines: ['a', 'b'] }],
    [exited(0), { status: 3 }, { why: 'it exited with status 0, not 3', lines: [] }],
    [exited(0, 'no\n'), { output: 'is "ok"' }, { why: 'it printed no "is \\"ok\\""', lines: ['no'] }],
    [{ kind: 'late', output: Buffer.from('a') }, {}, { why: 'it took longer than 40 s, and was killed', lines: ['a'] }],
    [{ kind: 'refused', reason: 'x' }, {}, { why: 'it was not run: x', lines: [] }],
    [{ kind: 'refused', reason: 'a\x1b[2Jb\u202e' }, {}, { why: 'it was not run: ab', lines: [] }],
    [undefined, {}, { why: 'the machine does not answer', lines: [] }],
  ] as const)('of %j for %j', (outcome, wanted, fault) => {
    expect(faultIn(outcome, wanted, 40)).toEqual(fault);
  });

  test('has the last ten lines', () => {
    const text = Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join('');
    expect(faultIn(exited(1, text), {}, 1)?.lines).toEqual(
      Array.from({ length: 10 }, (_, index) => `line ${index + 20}`),
    );
  });
});

describe('untilCommandGood()', () => {
  test('runs it again until it is good, and never twice at once', async () => {
    const outcomes = [undefined, exited(1), exited(0)];
    const faults: CommandFault[] = [];
    let running = 0;
    const channel = {
      run: async (command: object) => {
        expect(command).toEqual({ run: ['x'], in: 'web', limitSeconds: 8 });
        expect(++running).toBe(1);
        await new Promise((later) => setTimeout(later, 5));
        running--;
        return outcomes.shift();
      },
    };
    const options = {
      channel,
      factor: 4,
      signal: new AbortController().signal,
      failed: (one: CommandFault) => faults.push(one),
    };
    await untilCommandGood({ run: ['x'], in: 'web', timeoutSeconds: 2 }, options);
    expect(faults.map(({ why }) => why)).toEqual(['the machine does not answer', 'it exited with status 1, not 0']);
  });

  test('stays pending when it is not wanted any more', async () => {
    const end = new AbortController();
    const channel = {
      run: async () => {
        end.abort();
        return exited(0);
      },
    };
    const good = untilCommandGood({ run: ['x'] }, { channel, factor: 1, signal: end.signal, failed: () => {} });
    expect(
      await Promise.race([good.then(() => 'good'), new Promise((later) => setTimeout(() => later('pending'), 50))]),
    ).toBe('pending');
  });
});
