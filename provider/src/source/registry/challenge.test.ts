import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from './challenge.js';

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('parseChallenges()', () => {
  test.each<[string, unknown]>([
    ['', []],
    ['Basic realm="r"', [['basic', { realm: 'r' }]]],
    ['basic realm=r', [['basic', { realm: 'r' }]]],
    ['Basic', [['basic', {}]]],
    [
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.example/token', service: 'registry.example', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    ['Bearer REALM = "a" ,  Service\t=\t"b"', [['bearer', { realm: 'a', service: 'b' }]]],
    [
      'Basic realm="r", Bearer realm="s", error="invalid_token"',
      [
        ['basic', { realm: 'r' }],
        ['bearer', { realm: 's', error: 'invalid_token' }],
      ],
    ],
    [
      'Negotiate, Basic realm="r"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    [
      'Negotiate YWJj==, Basic realm="r"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    [
      'NTLM abc, , ,Basic realm=""',
      [
        ['ntlm', {}],
        ['basic', { realm: '' }],
      ],
    ],
    ['Basic realm="a \\"b\\" \\\\ , c"', [['basic', { realm: 'a "b" \\ , c' }]]],
    ['Bearer realm="first", realm="second"', [['bearer', { realm: 'first' }]]],
    [
      'Bearer realm="open',
      [
        ['bearer', {}],
        ['realm', {}],
      ],
    ],
    ['"Bearer"', []],
    ['realm="r"', [['realm', {}]]],
    [', Basic realm=r,', [['basic', { realm: 'r' }]]],
  ])('reads %s', (header, wanted) => {
    expect(read(header)).toEqual(wanted);
  });

  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  test('gives back what was written', () => {
    const challenge = fc.record({
      scheme: word,
      parameters: fc.uniqueArray(fc.tuple(word, fc.string()), { selector: ([name]) => name, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(({ scheme, parameters }) => {
            const quoted = parameters.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
            return [scheme, quoted.join(', ')].join(' ').trimEnd();
          })
          .join(', ');
        const want = challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
        expect(read(header)).toEqual(want);
      }),
    );
  });

  test('ends, whatever it is given', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', ' ', ',', '=', '"', '\\', 'Basic', '\t', '/', 'é')), (parts) => {
        parseChallenges(parts.join(''));
      }),
      { numRuns: 2000 },
    );
    expect(parseChallenges(`Basic realm="${'\\'.repeat(20_000)}"`)).toEqual([]);
    expect(read(`Basic a="${'\\"'.repeat(7000)}`)).toEqual([
      ['basic', {}],
      ['a', {}],
    ]);
  });
});
