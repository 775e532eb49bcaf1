import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandProbe } from './command-probe.js';

describe('commandProbe()', () => {
  test.each([
    ['nginx -t', { run: ['nginx', '-t'] }],
    ['web: nginx  -t', { run: ['nginx', '-t'], in: 'web' }],
    ['web: nginx -t => is successful', { run: ['nginx', '-t'], in: 'web', output: 'is successful' }],
    ['curl http://a:80', { run: ['curl', 'http://a:80'] }],
    [`sh -c 'a "b" c' "it's" x'y z'""`, { run: ['sh', '-c', 'a "b" c', "it's", 'xy z'] }],
    [`echo '' '=> x'`, { run: ['echo', '', '=> x'] }],
    ["sh -c 'a\nb'", { run: ['sh', '-c', 'a\nb'] }],
    ['echo $HOME *', { run: ['echo', '$HOME', '*'] }],
  ])('takes %j apart', (text, command) => {
    expect(commandProbe(text)).toEqual({ command });
  });

  test.each([
    ['', /names no program; write it as/],
    ['web: ', /names no program/],
    ["''", /names no program/],
    ["a 'b", /a quote in it has no end/],
    ['a b"', /a quote in it has no end/],
  ])('refuses %j', (text, message) => {
    expect(() => commandProbe(text)).toThrow(message);
  });

  test('gives back words that were quoted', () => {
    const word = fc
      .string({ unit: fc.constantFrom('a', ' ', '"', '\\', '$', '\n', '=', '>') })
      .filter((w) => !/=>/.test(w));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        const text = ['run', ...words.map((one) => `'${one}'`)].join(' ');
        expect(commandProbe(text)).toEqual({ command: { run: ['run', ...words] } });
      }),
    );
  });
});
