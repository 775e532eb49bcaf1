import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { SpecError } from './error.js';
import { parseSpec } from './parse.js';

/** Parses, and lets through only what a caller has to expect. */
function outcomeOf(text: string): 'parsed' | string {
  try {
    parseSpec([{ name: 'web.yml', text }]);
    return 'parsed';
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    for (const { line, column, excerpt } of error.problems) {
      expect(line ?? 1).toBeGreaterThan(0);
      expect(column ?? 1).toBeGreaterThan(0);
      expect((excerpt ?? '').length).toBeLessThan(300);
    }
    expect(error.message).not.toMatch(/undefined|\[object|NaN/);
    return error.code;
  }
}

/** Words of the schema and of YAML, so that random texts get further than the first character. */
const words = fc.constantFrom(
  ...['kernel', 'image', 'services', 'files', 'name', 'path', 'contents', 'binds', 'resources', 'uid', '__proto__'],
  ...[
    ': ',
    ':',
    '- ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&a ',
    '*a',
    '<<: ',
    '"',
    "'",
    '|\n',
    '? ',
    '!!set ',
    '---\n',
  ],
  ...['#', '%YAML 1.1\n', '0644', 'true', 'null', '-1', '1e400', '.inf', 'deb:x', 'constructor', '\ufeff', '\t', '\r'],
);

const key = fc.constantFrom(
  'kernel',
  'init',
  'services',
  'onboot',
  'files',
  'name',
  'image',
  'path',
  'debian',
  'mounts',
);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('x', '', 5, -1.5, null, true, 'a:b', '/a:/b'),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(key, tie('any'), { maxKeys: 5 }),
  ),
})).any;

describe('parseSpec() throws nothing but SpecError', () => {
  it('for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void outcomeOf(text)),
      { numRuns: 200 },
    );
  });

  it('for any jumble of the words of YAML and of the schema', () => {
    const texts = fc.array(words, { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(texts, (text) => void outcomeOf(text)),
      { numRuns: 500 },
    );
  });

  it('for any YAML of about the right shape, the same from text and from an object', () => {
    const property = fc.property(value, (given) => {
      const fromText = outcomeOf(stringify(given, { aliasDuplicateObjects: false }));
      let fromObject = 'parsed';
      try {
        parseSpec([{ name: 'spec', object: given }]);
      } catch (error) {
        if (!(error instanceof SpecError)) throw error;
        fromObject = error.code;
      }
      expect(fromObject === 'parsed').toBe(fromText === 'parsed');
    });
    fc.assert(property, { numRuns: 300 });
  });
});

describe('parseSpec() ends for', () => {
  const laughs = ['a: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++) {
    laughs.push(
      `b${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  const merges = ['a: &m0 { x: 1 }'];
  for (let level = 1; level < 40; level++)
    merges.push(`b${level}: &m${level} { <<: [*m${level - 1}, *m${level - 1}] }`);

  it.each([
    ['a text that is too long', '#'.repeat(4 * 1024 * 1024 + 1), 'limit'],
    ['too many words', '-\n'.repeat(500_000), 'limit'],
    ['lists in lists', '['.repeat(4_000_000), 'limit'],
    ['closing marks alone', '}'.repeat(10_000), 'syntax'],
    ['closed lists in lists', `${'['.repeat(200)}${']'.repeat(200)}`, 'limit'],
    ['maps in maps', '{a: '.repeat(20_000), 'limit'],
    ['lists in lists, by dashes', '- '.repeat(50_000), 'limit'],
    ['maps in maps, by indentation', Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'limit'],
    ['aliases of aliases', laughs.join('\n'), 'limit'],
    ['aliases of aliases in merge keys', merges.join('\n'), 'limit'],
    ['many aliases of one long list', `a: &a [${'x,'.repeat(5000)}]\nb: [${'*a,'.repeat(5000)}]`, 'limit'],
    ['many keys', Array.from({ length: 10_000 }, (_, index) => `k${index}: 1`).join('\n'), 'unknown-key'],
    ['the same key many times', 'a: 1\n'.repeat(10_000), 'duplicate-key|unknown-key'],
    ['many mistakes', '- @\n'.repeat(10_000), 'syntax'],
    ['many documents', '---\n'.repeat(50_000), 'syntax'],
    ['one long key', `${'k'.repeat(1_000_000)}: 1`, 'syntax|unknown-key'],
    ['one long host name', `hostname: ${'a-'.repeat(500_000)}`, 'invalid-value'],
    ['many files', `files: [${'{path: a, contents: b},'.repeat(5_000)}]`, 'conflict'],
  ])('%s', (_, text, codes) => {
    expect(codes.split('|')).toContain(outcomeOf(text));
  });
});
