import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../error.js';
import { formatLockFile, parseLockFile } from './content.js';
import { contentOf, debianPin } from './testing.fixture.js';

const place = { path: 'web.lock.json', command: 'ingot lock web.yml' };
const text = formatLockFile(contentOf());

describe('formatLockFile()', () => {
  test('gives text in one order, whatever the order of the content', () => {
    const { pins, guest, recipe, suite, platform } = contentOf();
    const reversed = Object.fromEntries(Object.entries(pins).reverse());
    expect(formatLockFile({ pins: reversed, guest, recipe, suite, platform })).toBe(text);
    expect(text.split('\n').slice(0, 8)).toEqual([
      '{',
      '  "version": 1,',
      '  "platform": "linux/amd64",',
      '  "suite": "trixie",',
      '  "recipe": 1,',
      '  "guest": {',
      '    "version": 1,',
      '    "pin": {',
    ]);
    expect(text.endsWith('}\n')).toBe(true);
    expect(text.indexOf('"deb:web"')).toBeLessThan(text.indexOf('"example.org/app:1"'));
  });

  test('changes only the lines of a package that moves', () => {
    const moved = contentOf({
      pins: { ...contentOf().pins, 'deb:web': debianPin('libc6=2.0', 'libz=1.1', 'web=3.0') },
    });
    const lines = formatLockFile(moved).split('\n');
    const changed = text.split('\n').filter((line, at) => line !== lines[at]);
    expect(changed.map((line) => line.trim().split(':')[0])).toEqual(['"version"', '"digest"', '"path"']);
  });
});

describe('parseLockFile()', () => {
  test('gives back what formatLockFile() was given', async () => {
    for (const content of [contentOf(), contentOf({ guest: null, pins: {} })]) {
      expect(await parseLockFile(formatLockFile(content), place)).toEqual(content);
    }
  });

  test.each([
    [
      'a merge',
      text.replace('  "recipe": 1,', '<<<<<<< HEAD\n  "recipe": 1,\n=======\n'),
      ':5: there are conflicts of a merge in it; keep either side, and run `ingot lock web.yml`',
    ],
    ['half a file', text.slice(0, 60), ':4: it is not JSON: '],
    ['nothing', '', ':1: it is not JSON: '],
    ['another type', text.replace('"trixie"', '3'), ':4: suite: '],
    [
      'an unknown member',
      text.replace('  "recipe"', '  "frozen": true,\n  "recipe"'),
      ':1: the file: Unrecognized key: "frozen"',
    ],
    [
      'a number for a digest',
      text.replace(/"manifest": "[^"]*"/, '"manifest": 5'),
      ': pins.example.org/app:1.manifest: ',
    ],
    ['a list', '[]', ':1: the file: '],
    ['null', 'null', ':1: the file: '],
  ])('throws malformed for %s, with the line', async (_, damaged, want) => {
    const parsing = parseLockFile(damaged, place);
    await expect(parsing).rejects.toMatchObject({ code: 'malformed', context: { path: 'web.lock.json' } });
    await expect(parsing).rejects.toThrow(want);
  });

  test('names the line of what is wrong in a pin', async () => {
    const line = text.split('\n').findIndex((one) => one.includes('"manifest"')) + 1;
    const parsing = parseLockFile(text.replace(/"manifest": "[^"]*"/, '"manifest": 5'), place);
    await expect(parsing).rejects.toThrow(`Cannot read web.lock.json:${line}: `);
  });

  test.each([
    ['version', text.replace('"version": 1', '"version": 2'), 'its version is 2'],
    ['recipe', text.replace('"recipe": 1', '"recipe": 99'), 'its recipe is 99'],
  ])('refuses a newer %s, and says what to do', async (_, newer, want) => {
    const parsing = parseLockFile(newer, place);
    await expect(parsing).rejects.toMatchObject({ code: 'unsupported' });
    await expect(parsing).rejects.toThrow(
      new RegExp(`^Cannot read web.lock.json: ${want}, of a newer Ingot, .*install the newer one$`),
    );
  });

  test('throws nothing but its own errors, for any text', async () => {
    const cut = fc
      .tuple(fc.nat(text.length), fc.nat(text.length), fc.string())
      .map(([from, to, put]) => text.slice(0, from) + put + text.slice(to));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), cut), async (any) => {
        await parseLockFile(any, place).catch((error: unknown) => expect(error).toBeInstanceOf(SourceError));
      }),
    );
  });
});
