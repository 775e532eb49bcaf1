import { execFileSync, spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCpio } from './cpio.fixture.js';
import { type CpioEntry, cpioEntryBytes, cpioHeader, cpioPadding, cpioTrailer } from './cpio.js';
import { FormatError } from './error.js';
import { MODE_TYPE } from './mode.js';

const PLAIN: CpioEntry = {
  name: Buffer.from('etc/hosts'),
  inode: 7,
  mode: MODE_TYPE.file | 0o644,
  uid: 1,
  gid: 2,
  linkCount: 1,
  mtimeSeconds: 1492533000,
  sizeBytes: 5,
};

function entryOf(entry: CpioEntry, body: Uint8Array): Buffer {
  return Buffer.concat([cpioHeader(entry), body, cpioPadding(body.byteLength)]);
}

describe('cpioHeader()', () => {
  test('writes each field as eight digits, and pads the name', () => {
    expect(cpioHeader(PLAIN).toString('latin1')).toBe(
      '07070100000007000081A400000001000000020000000158F63F0800000005000000000000000000000000000000000000000A00000000' +
        'etc/hosts\0',
    );
  });

  test('can be read back, for any entry that fits', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const name = fc.stringMatching(/^[^\0]{1,300}$/).filter((text) => text !== 'TRAILER!!!' && text.isWellFormed());
    const rest = { inode: u32, mode: u32, uid: u32, gid: u32, linkCount: u32, mtimeSeconds: u32 };
    const devices = { deviceMajor: u32, deviceMinor: u32, specialMajor: u32, specialMinor: u32 };
    const entries = fc.array(fc.record({ name, body: fc.uint8Array({ maxLength: 50 }), ...rest, ...devices }));
    fc.assert(
      fc.property(entries, (all) => {
        const parts = all.map(({ name: text, body, ...fields }) =>
          entryOf({ ...fields, name: Buffer.from(text), sizeBytes: body.byteLength }, body),
        );
        for (const [index, { name: text, body }] of all.entries()) {
          const bytes = cpioEntryBytes({ name: Buffer.from(text), sizeBytes: body.byteLength });
          expect(parts[index]?.byteLength).toBe(bytes);
        }
        const read = readCpio(Buffer.concat([...parts, cpioTrailer()]));
        expect(read.pop()?.name).toBe('TRAILER!!!');
        expect(read).toEqual(all.map((entry) => ({ ...entry, body: Buffer.from(entry.body) })));
      }),
    );
  });

  test.each([
    ['sizeBytes', { sizeBytes: 2 ** 32 }],
    ['uid', { uid: 2 ** 32 }],
    ['gid', { gid: -1 }],
    ['mtimeSeconds', { mtimeSeconds: -1 }],
    ['mtimeSeconds', { mtimeSeconds: 1.5 }],
    ['inode', { inode: Number.NaN }],
    ['deviceMajor', { deviceMajor: 2 ** 40 }],
    ['specialMinor', { specialMinor: -5 }],
    ['name', { name: Buffer.from('a\0b') }],
    ['name', { name: Buffer.from('TRAILER!!!') }],
  ])('throws with the name of the field, when %s does not fit', (field, change) => {
    const write = () => cpioHeader({ ...PLAIN, ...change });
    expect(write).toThrow(FormatError);
    expect(write).toThrow(new RegExp(`: ${field} `));
  });
});

const hasCpio = spawnSync('cpio', ['--version']).status === 0;

describe.skipIf(!hasCpio)(`GNU cpio${hasCpio ? '' : ' (not run: no cpio here)'}`, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-cpio-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const NAMES = ['.', 'd', 'd/empty', 'd/file', 'höhe', 'link'];

  function makeTree(root: string): void {
    mkdirSync(join(root, 'd'), { recursive: true });
    writeFileSync(join(root, 'd/empty'), '');
    writeFileSync(join(root, 'd/file'), 'content\n');
    writeFileSync(join(root, 'höhe'), 'x'.repeat(5001));
    symlinkSync('d/file', join(root, 'link'));
  }

  test('writes the same bytes as this code, of the same files', () => {
    const root = join(folder, 'same');
    makeTree(root);
    const parts = NAMES.map((name, index) => {
      const stat = lstatSync(join(root, name));
      const body = stat.isFile()
        ? readFileSync(join(root, name))
        : Buffer.from(stat.isSymbolicLink() ? readlinkSync(join(root, name)) : '');
      const { mode, uid, gid } = stat;
      const mtimeSeconds = Math.floor(stat.mtimeMs / 1000);
      const entry = { mode, uid, gid, mtimeSeconds, inode: index, linkCount: stat.nlink, sizeBytes: body.byteLength };
      return entryOf({ ...entry, name: Buffer.from(name) }, body);
    });
    const ours = Buffer.concat([...parts, cpioTrailer()]);
    const theirs = execFileSync('cpio', ['--quiet', '-o', '-H', 'newc', '--reproducible'], {
      cwd: root,
      input: NAMES.join('\n'),
    });
    // cpio fills its last block with zeros.
    const padded = Buffer.concat([ours, Buffer.alloc(theirs.length - ours.length)]);
    expect(padded.equals(theirs)).toBe(true);
  });

  test('lists and unpacks what this code writes, with hard links whose body comes first', () => {
    const file = { ...PLAIN, linkCount: 2, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const archive = Buffer.concat([
      entryOf({ ...file, name: Buffer.from('one') }, Buffer.from('hello')),
      entryOf(
        { ...file, name: Buffer.from('other'), linkCount: 1, inode: 8, mode: MODE_TYPE.symlink | 0o777, sizeBytes: 3 },
        Buffer.from('one'),
      ),
      entryOf({ ...file, name: Buffer.from('two'), sizeBytes: 0 }, Buffer.alloc(0)),
      cpioTrailer(),
    ]);
    expect(execFileSync('cpio', ['--quiet', '-t'], { input: archive, encoding: 'utf8' })).toBe('one\nother\ntwo\n');
    const root = join(folder, 'unpacked');
    mkdirSync(root);
    execFileSync('cpio', ['--quiet', '-i'], { cwd: root, input: archive });
    expect(readFileSync(join(root, 'two'), 'utf8')).toBe('hello');
    expect(readlinkSync(join(root, 'other'))).toBe('one');
    expect(lstatSync(join(root, 'one')).ino).toBe(lstatSync(join(root, 'two')).ino);
  });
});
