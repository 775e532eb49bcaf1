import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Deb822Options, parseDeb822, readDeb822, type Stanza } from './deb822.js';

function plain(stanzas: readonly Stanza[]): Record<string, string>[] {
  return stanzas.map((stanza) => Object.fromEntries(stanza));
}

async function readAll(chunks: Uint8Array[], options: Deb822Options = {}): Promise<Stanza[]> {
  const stanzas: Stanza[] = [];
  for await (const batch of readDeb822(chunks, options)) stanzas.push(...batch);
  return stanzas;
}

describe('parseDeb822()', () => {
  test.each([
    ['', []],
    ['\n\n', []],
    ['A: 1\nB:2', [{ a: '1', b: '2' }]],
    ['A: 1\n\n\n \nA: 2\n', [{ a: '1' }, { a: '2' }]],
    ['A:\n one\n .\n  two\nB: x', [{ a: '\none\n\n two', b: 'x' }]],
    ['Depends: a,\n b', [{ depends: 'a,\nb' }]],
    ['URI: http://x:80/', [{ uri: 'http://x:80/' }]],
    ['A: 1\r\nB: 2\r\n\r\nA: 3', [{ a: '1', b: '2' }, { a: '3' }]],
  ])('reads %j', (text, expected) => {
    expect(plain(parseDeb822(text))).toEqual(expected);
  });

  test('keeps only the wanted fields, with their continuation lines', () => {
    const fields = new Set(['b']);
    expect(plain(parseDeb822('A: 1\n x\nB: 2\n y\n', { fields }))).toEqual([{ b: '2\ny' }]);
  });

  test('passes over comments, where they are allowed', () => {
    expect(plain(parseDeb822('# a\nA: 1\n# b\n x\n#c\n\n#d\n', { comments: true }))).toEqual([{ a: '1\nx' }]);
  });

  test.each([
    ['no field', 'line 1: "no field" is not a field'],
    ['A: 1\n\n x', 'line 3: a continuation line belongs to no field'],
    ['A: 1\na: 2', 'line 2: the field a stands twice in one stanza'],
    ['-----BEGIN: x', 'line 1: "-----BEGIN" is not a field name'],
    ['#A: 1', 'line 1: "#A" is not a field name'],
    ['A B: 1', 'line 1: "A B" is not a field name'],
    [': 1', 'line 1: "" is not a field name'],
    [`A: ${'x'.repeat(200)}`, 'line 1: a stanza is longer than 100 bytes'],
  ])('refuses what is wrong, case %$', (text, message) => {
    expect(() => parseDeb822(text, { maxStanzaBytes: 100 })).toThrow(new SyntaxError(message));
  });
});

describe('readDeb822()', () => {
  test('gives the same stanzas however the bytes are cut, for any text', async () => {
    const value = fc.stringMatching(/^[ -~äß€]{0,10}$/).map((text) => text.trim());
    const stanza = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { minKeys: 1, noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(fc.array(stanza, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), async (stanzas, size) => {
        const text = stanzas
          .map((one) =>
            Object.entries(one)
              .map(([name, text]) => `${name}: ${text}\n`)
              .join(''),
          )
          .join('\n');
        const bytes = Buffer.from(text);
        const chunks: Uint8Array[] = [];
        for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.subarray(start, start + size));
        expect(plain(await readAll(chunks))).toEqual(stanzas);
        expect(plain(parseDeb822(text))).toEqual(stanzas);
      }),
    );
  });

  test('refuses a line without end before it has gathered much of it', async () => {
    function* endless(): Generator<Uint8Array> {
      for (;;) yield Buffer.alloc(1000, 'x');
    }
    const reading = async () => {
      for await (const _ of readDeb822(endless(), { maxStanzaBytes: 10_000 }));
    };
    await expect(reading()).rejects.toThrow('line 1: a line is longer than 10000 bytes');
  });
});
