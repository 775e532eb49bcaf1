import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const SCRIPTS = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot');

describe('userdata.awk', () => {
  skipAllBecause(missingPrograms('busybox'));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-userdata-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Lays the text out below the folder, with the awk that machines have. */
  function lay(text: string | Uint8Array): { status: number | null; said: string } {
    const scripts = ['json.awk', 'userdata.awk'].flatMap((name) => ['-f', join(SCRIPTS, name)]);
    const { status, stdout, stderr } = spawnSync('busybox', ['awk', '-v', `into=${folder}`, ...scripts], {
      input: text,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
    expect(stderr).toBe('');
    return { status, said: stdout.trimEnd() };
  }

  const mode = (path: string) => (statSync(join(folder, path)).mode & 0o7777).toString(8);

  test('makes files and folders with their modes', () => {
    const entries = {
      app: {
        perm: '0700',
        entries: { conf: { perm: '600', content: 'x' }, sub: { entries: { 'a.b-c_d': { content: '' } } } },
      },
      top: { content: 'y\n' },
    };
    expect(lay(JSON.stringify(entries, null, 2))).toEqual({ status: 0, said: '' });
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
      'app',
      'app/conf',
      'app/sub',
      'app/sub/a.b-c_d',
      'top',
    ]);
    expect(['app', 'app/conf', 'app/sub', 'app/sub/a.b-c_d', 'top'].map(mode)).toEqual([
      '700',
      '600',
      '755',
      '644',
      '644',
    ]);
    expect(readFileSync(join(folder, 'top'), 'utf8')).toBe('y\n');
  });

  test('keeps every text, however it is escaped', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\\', '"', '/', '{', '}', '\n', '\t', '\r', '\b', '\f', '%s', '$(id)', '`', "'", '\u007f'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
    });
    const plain = text.filter((content) => !/[\0\x01]/.test(content) && content.isWellFormed());
    fc.assert(
      fc.property(plain, fc.boolean(), (content, ascii) => {
        let json = JSON.stringify({ file: { content } });
        // As programs write it that keep to ASCII.
        if (ascii) json = json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
        expect(lay(json)).toEqual({ status: 0, said: '' });
        expect(readFileSync(join(folder, 'file'), 'utf8')).toBe(content);
      }),
      { numRuns: 60 },
    );
  });

  test('never takes half of a text, nor writes elsewhere, nor runs what it reads', () => {
    const json = JSON.stringify({ a: { entries: { b: { content: 'c', perm: '0644' } } }, d: { content: 'e' } });
    fc.assert(
      fc.property(fc.nat(json.length - 1), fc.string({ maxLength: 3 }), (at, inserted) => {
        const { status } = lay(json.slice(0, at) + inserted);
        expect([0, 1, 2]).toContain(status);
        expect(readdirSync(folder).every((name) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('takes a large text', () => {
    const content = 'a line of a large file, with "quotes" and a \\\n'.repeat(4000);
    expect(lay(JSON.stringify({ big: { content } }))).toEqual({ status: 0, said: '' });
    expect(readFileSync(join(folder, 'big'), 'utf8')).toBe(content);
  });

  test.each(['{"port": 1}', '{"a": {"b": {"content": "x"}}}', '[]', '"text"', '{"a": null}'])(
    'leaves %s alone',
    (text) => {
      expect(lay(text)).toEqual({ status: 2, said: '' });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test.each([
    ['{', 'it is not valid JSON: a string is missing, or its end'],
    ['{"a": {"content": "x}', 'it is not valid JSON: a string is missing, or its end'],
    ['{"a": {"content": "\\x"}}', 'it is not valid JSON: an escape that JSON does not have: \\x'],
    ['{"a": {"content": "\\u0000"}}', 'it is not valid JSON: a character that no file may have: \\u0000'],
    ['{"a": {"content": "x"},}', 'it is not valid JSON: a string is missing, or its end'],
    ['{"a": {"content": "x"}} {}', 'it is not valid JSON: text after its end'],
    ['{"a": {"content": "x"}, "..": {"content": "y"}}', 'a name is not of letters, digits, dots, dashes: ..'],
    ['{"a": {"entries": {"b/c": {"content": "y"}}}}', 'a name is not of letters, digits, dots, dashes: b/c'],
    ['{"a": {"entries": {"$(id)": {"content": "y"}}}}', 'a name is not of letters, digits, dots, dashes: $(id)'],
    ['{"a": {"content": "x", "perm": "0644; id"}}', '/a has a perm that is not octal: 0644; id'],
    ['{"a": {"content": ["x"]}}', '/a has a content that is not a string'],
    ['{"a": {"entries": "x"}}', '/a has entries that are not an object'],
    ['{"a": {"entries": {"b": "x"}}}', '/a/b has neither content nor entries'],
  ])('refuses %s, of which nothing is laid out', (text, said) => {
    expect(lay(text)).toEqual({ status: 1, said });
    expect(readdirSync(folder)).toEqual([]);
  });
});
