import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAr } from './ar.js';
import { sourceOf } from './byte-source.js';
import { FormatError } from './error.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-ar-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const header = (name: string, size: string | number) =>
  `${name.padEnd(16)}0           0     0     100644  ${`${size}`.padEnd(10)}\`\n`;
const read = (text: string | Buffer) => readAr(sourceOf(Buffer.from(text as string)));

describe('readAr()', () => {
  test('gives the members of what bsdtar writes', async () => {
    for (const name of ['debian-binary', 'odd', 'control.tar.xz']) writeFileSync(join(folder, name), `<${name}>`);
    for (const format of ['arbsd', 'argnu']) {
      const path = join(folder, `${format}.ar`);
      execFileSync('bsdtar', [
        `--format=${format}`,
        '-C',
        folder,
        '-cf',
        path,
        'debian-binary',
        'odd',
        'control.tar.xz',
      ]);
      const archive = readFileSync(path);
      const members = await read(archive);
      const bodies = members.map(({ offset, sizeBytes }) => archive.toString('latin1', offset, offset + sizeBytes));
      expect(members.map(({ name }) => name)).toEqual(['debian-binary', 'odd', 'control.tar.xz']);
      expect(bodies).toEqual(['<debian-binary>', '<odd>', '<control.tar.xz>']);
    }
  });

  test('gives no members for an archive of none, and allows a last padding byte to be missing', async () => {
    expect(await read('!<arch>\n')).toEqual([]);
    expect(await read(`!<arch>\n${header('a/', 1)}x`)).toEqual([{ name: 'a', offset: 68, sizeBytes: 1 }]);
  });

  test.each([
    ['malformed', 'no archive', 'no archive'],
    ['malformed', 'nothing', ''],
    ['truncated', 'half a header', `!<arch>\n${header('a', 1).slice(0, 30)}`],
    ['truncated', 'half a member', `!<arch>\n${header('a', 5)}1234`],
    ['truncated', 'a huge member', `!<arch>\n${header('a', '9999999999')}1234`],
    ['malformed', 'a size below zero', `!<arch>\n${header('a', -1)}`],
    ['malformed', 'a size with an exponent', `!<arch>\n${header('a', '1e3')}`],
    ['malformed', 'no size', `!<arch>\n${header('a', '')}`],
    ['malformed', 'no end of the header', `!<arch>\n${header('a', 0).slice(0, -1)}x`],
    ['malformed', 'no name', `!<arch>\n${header('', 0)}`],
    ['malformed', 'a path', `!<arch>\n${header('../a', 0)}`],
    ['unsupported', 'a GNU long name', `!<arch>\n${header('/12', 0)}`],
    ['unsupported', 'a BSD long name', `!<arch>\n${header('#1/20', 0)}`],
    ['unsupported', 'too many members', `!<arch>\n${header('a', 0).repeat(65)}`],
  ])('throws %s for %s', async (code, _, text) => {
    await expect(read(text)).rejects.toMatchObject({ code });
  });

  test('throws nothing but FormatError, and gives only members within the archive, whatever bytes are changed', async () => {
    const archive = Buffer.from(`!<arch>\n${header('debian-binary', 4)}2.0\n${header('data.tar', 6)}bodies`);
    const change = fc.record({ at: fc.nat(archive.length - 1), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const copy = Buffer.from(archive);
        for (const { at, to } of changes) copy[at] = to;
        try {
          for (const { offset, sizeBytes } of await read(copy))
            expect(offset + sizeBytes).toBeLessThanOrEqual(copy.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
