import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastLines, lastLinesOf, plainLine } from './console-text.js';

test.each([
  ['\x1b[1;31mred\x1b[0m', 'red'],
  ['\x1b]0;title\x07text', 'text'],
  ['\x1b]0;title\x1b\\text', 'text'],
  ['\x1bc\x1b(Btext', 'text'],
  ['\x1b]never ends', ''],
  ['old text\rnew', 'new'],
  ['text\r', 'text'],
  ['a\tb\x07\x00\x9b2J', 'a  b2J'],
  ['abc\u202egpj.exe\u200b', 'abcgpj.exe'],
  ['x'.repeat(400), `${'x'.repeat(300)}…`],
  ['[    0.1] ACPI: äöü ✓', '[    0.1] ACPI: äöü ✓'],
])('plainLine() of %j is %j', (line, plain) => {
  expect(plainLine(line)).toBe(plain);
});

test('plainLine() never lets a control character through, whatever it is given', () => {
  const hostile = fc.string({ unit: fc.constantFrom('\x1b', '[', ']', '\x9b', '\x07', '\r', '0', 'm', 'a', '\u202e') });
  fc.assert(fc.property(hostile, (line) => !/[\0-\x1f\x7f-\x9f\u202e]/.test(plainLine(line))));
});

test('lastLines() gives the last ones that are not empty, and nothing after a panic', () => {
  expect(lastLines('a\n\nb\r\n \nc\n', 2)).toEqual(['b', 'c']);
  expect(lastLines('a\nb\n[1] Kernel panic - not syncing: x\nRAX: 0\nRBX: 0\n', 2)).toEqual([
    'b',
    '[1] Kernel panic - not syncing: x',
  ]);
});

test('lastLinesOf() of a file that is not there is empty', async () => {
  expect(await lastLinesOf('/nowhere/console', 3)).toEqual([]);
});
