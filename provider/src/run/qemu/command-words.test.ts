import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerIn, questionLine } from './command-words.js';

describe('questionLine()', () => {
  test.each([
    [{ run: ['nginx', '-t'] }, '7 10 - =nginx =-t\n'],
    [{ run: ['sh', '-c', "echo 'a b'"], in: 'web' }, '7 10 =web =sh =-c =echo\\0040\\0047a\\0040b\\0047\n'],
    [{ run: ['x', '', 'é', '\n', '\\', '*', '=a'] }, '7 10 - =x = =\\0303\\0251 =\\0012 =\\0134 =\\0052 =\\0075a\n'],
  ])('of %j', (command, line) => {
    expect(questionLine({ number: 7, limitSeconds: 9.5, ...command })).toBe(line);
  });

  test('is one line of words that no shell takes for anything else, whatever is asked', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (run) => {
        const line = questionLine({ number: 1, run, limitSeconds: 1 });
        expect(line).toMatch(/^1 1 -( =([A-Za-z0-9@%+,./:_-]|\\0[0-7]{3})*)+\n$/);
      }),
    );
  });

  test('refuses what no program can be given, and more than the guest reads', () => {
    expect(() => questionLine({ number: 1, run: ['a\0b'], limitSeconds: 1 })).toThrow(/NUL/);
    expect(() => questionLine({ number: 1, run: [' '.repeat(20_000)], limitSeconds: 1 })).toThrow(/more than/);
  });
});

describe('answerIn()', () => {
  test.each([
    ['7 exited 0 aGkK', { number: 7, outcome: { kind: 'exited', status: 0, output: Buffer.from('hi\n') } }],
    ['7 exited 127 ', { number: 7, outcome: { kind: 'exited', status: 127, output: Buffer.alloc(0) } }],
    ['8 late aGk=', { number: 8, outcome: { kind: 'late', output: Buffer.from('hi') } }],
    ['9 refused bm8=', { number: 9, outcome: { kind: 'refused', reason: 'no' } }],
    ['ingot.commands 1', undefined],
    ['7 exited 1000 ', undefined],
    ['7 exited  aGkK', undefined],
    ['7 late a b', undefined],
    ['', undefined],
  ])('of %j', (line, answer) => {
    expect(answerIn(line)).toEqual(answer);
  });

  test('takes any line', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (line) => void answerIn(line)));
  });
});
