import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareVersions, isVersion, satisfies } from './version.js';

/** Oldest first; every pair of them is compared both ways. */
const ASCENDING = [
  '0~~',
  '0~~a',
  '0~',
  '0',
  '0+a',
  '1.0~beta1-1',
  '1.0~beta1-2',
  '1.0~rc1-1',
  '1.0-1~bpo12+1',
  '1.0-1~deb12u1',
  '1.0-1',
  '1.0-1+b1',
  '1.0-1+deb12u2',
  '1.0-1+deb12u10',
  '1.0-1.1',
  '1.0-2',
  '1.0-10',
  '1.0a-1',
  '1.0+dfsg-1',
  '1.0-rc1-1',
  '1.0.1-1',
  '1.2.3-4-5',
  '1.10',
  '9:1',
  '10:0.1',
];

const version = fc
  .tuple(
    fc.option(fc.nat({ max: 12 }), { nil: undefined }),
    fc.stringMatching(/^[0-9][0-9a-c.+~]{0,6}$/),
    fc.option(fc.stringMatching(/^[0-9a-c.+~]{1,4}$/), { nil: undefined }),
  )
  .map(
    ([epoch, upstream, revision]) =>
      `${epoch === undefined ? '' : `${epoch}:`}${upstream}${revision ? `-${revision}` : ''}`,
  );

describe('compareVersions()', () => {
  test('orders known versions as Debian does', () => {
    for (const [i, older] of ASCENDING.entries()) {
      for (const [j, newer] of ASCENDING.entries()) {
        expect(Math.sign(compareVersions(older, newer)), `${older} and ${newer}`).toBe(Math.sign(i - j));
      }
    }
  });

  test.each([
    ['1.0', '0:1.0'],
    ['1.0', '1.0-0'],
    ['1.01', '1.1'],
    ['00:1', '1'],
    ['1.', '1.0'],
    ['99999999999999999999', '099999999999999999999'],
  ])('holds %s and %s to be equal', (left, right) => {
    expect(compareVersions(left, right)).toBe(0);
  });

  test('is a total order, for any versions', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        expect(compareVersions(a, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;
  test.skipIf(!hasDpkg)(`agrees with dpkg on 300 pairs${hasDpkg ? '' : ' (not run: no dpkg here)'}`, () => {
    const pairs = fc.sample(fc.tuple(version, version), { numRuns: 300, seed: 20 });
    const script = pairs
      .map(
        ([a, b]) =>
          `if dpkg --compare-versions '${a}' lt '${b}'; then echo -1; elif dpkg --compare-versions '${a}' eq '${b}'; then echo 0; else echo 1; fi`,
      )
      .join('\n');
    const said = execFileSync('sh', { input: script, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
      .trim()
      .split('\n');
    expect(pairs.map(([a, b]) => `${a} ${b} ${Math.sign(compareVersions(a, b))}`)).toEqual(
      pairs.map(([a, b], index) => `${a} ${b} ${said[index]}`),
    );
  });
});

describe('satisfies()', () => {
  test.each([
    ['1.0', '<<', '1.1', true],
    ['1.0', '<<', '1.0', false],
    ['1.0', '<=', '1.0', true],
    ['1.0', '=', '1.0-0', true],
    ['1.0', '>=', '1.0~rc1', true],
    ['1.0', '>>', '1.0', false],
    ['1.1', '>>', '1.0', true],
  ] as const)('says of %s %s %s: %s', (found, relation, wanted, expected) => {
    expect(satisfies(found, relation, wanted)).toBe(expected);
  });
});

describe('isVersion()', () => {
  test.each([
    ['1:2.3-4', true],
    ['20240203', true],
    ['', false],
    ['1.0 2', false],
    ['1/2', false],
    ['a:1', true],
    ['1'.repeat(600), false],
  ])('says of %j: %s', (text, expected) => {
    expect(isVersion(text)).toBe(expected);
  });
});
