import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FormatError } from './error.js';
import { decodePath, encodePath } from './path-text.js';
import { type TarHeaderFields, tarEnd, tarHeader, tarPadding } from './tar-writer.js';

const PLAIN: TarHeaderFields = {
  path: Buffer.from('etc/hosts'),
  type: 'file',
  mode: 0o644,
  uid: 1,
  gid: 2,
  mtimeSeconds: 1492533000,
  sizeBytes: 0,
};

interface Entry extends Omit<TarHeaderFields, 'sizeBytes'> {
  readonly body?: Uint8Array;
}

function archiveOf(entries: readonly Entry[]): Buffer {
  const parts = entries.map(({ body = new Uint8Array(), ...fields }) =>
    Buffer.concat([tarHeader({ ...fields, sizeBytes: body.byteLength }), body, tarPadding(body.byteLength)]),
  );
  return Buffer.concat([...parts, tarEnd()]);
}

describe('tarHeader()', () => {
  test('writes one block, when all fits', () => {
    const header = tarHeader(PLAIN);
    expect(header.length).toBe(512);
    const text = header.toString('latin1');
    expect(text.slice(0, 10)).toBe('etc/hosts\0');
    expect(text.slice(100, 157)).toBe(
      '0000644\0' + '0000001\0' + '0000002\0' + '00000000000\0' + '13075437410\0' + '011077\0 ' + '0',
    );
    expect(text.slice(257, 265)).toBe('ustar\x0000');
  });

  test('cuts a long path at a slash, where that makes it fit', () => {
    const path = `${'a'.repeat(80)}/${'b'.repeat(70)}/${'c'.repeat(100)}`;
    const header = tarHeader({ ...PLAIN, path: Buffer.from(path) });
    expect(header.length).toBe(512);
    expect(header.toString('latin1', 0, 100)).toBe('c'.repeat(100));
    expect(header.toString('latin1', 345, 500).replace(/\0+$/, '')).toBe(path.slice(0, 151));
  });

  test.each([
    ['a long name', { path: Buffer.from('n'.repeat(101)) }, `path=${'n'.repeat(101)}\n`],
    ['a name that is not ASCII', { path: Buffer.from('höhe') }, '14 path=höhe\n'],
    ['a name that is not UTF-8', { path: Buffer.from('caf\xe9', 'latin1') }, '21 hdrcharset=BINARY\n13 path=caf\xe9\n'],
    [
      'a folder that just does not fit',
      { path: Buffer.from('n'.repeat(100)), type: 'directory' as const },
      `path=${'n'.repeat(100)}/\n`,
    ],
    ['a large uid', { uid: 2 ** 21 }, '15 uid=2097152\n'],
    ['a large gid', { gid: 4294967294 }, '18 gid=4294967294\n'],
    ['a large file', { sizeBytes: 2 ** 33 }, '19 size=8589934592\n'],
    ['a time before 1970', { mtimeSeconds: -1 }, '12 mtime=-1\n'],
  ])('writes an extended header before it, for %s', (_, change, record) => {
    const header = tarHeader({ ...PLAIN, ...change });
    expect(header.length).toBe(1536);
    expect(header.toString('latin1', 156, 157)).toBe('x');
    expect(header.subarray(512, 1024).toString('latin1')).toContain(
      Buffer.from(record, record.includes('\xe9') ? 'latin1' : 'utf8').toString('latin1'),
    );
  });

  test('writes records whose length counts its own digits, and xattrs sorted, for any value', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z.]{1,20}$/), { maxLength: 4 });
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 2000 }), (all, value) => {
        const xattrs = all.map((name) => ({ name: Buffer.from(`user.${name}`), value }));
        const header = tarHeader({ ...PLAIN, xattrs });
        if (all.length === 0) return;
        const sizeBytes = Number.parseInt(header.toString('latin1', 124, 135), 8);
        const body = header.subarray(512, 512 + sizeBytes);
        const read: string[] = [];
        for (let at = 0; at < body.length; ) {
          const space = body.indexOf(0x20, at);
          const bytes = Number(body.toString('latin1', at, space));
          const text = body.subarray(space + 1, at + bytes);
          const equals = text.indexOf(0x3d);
          expect(text.at(-1)).toBe(0x0a);
          expect(text.subarray(equals + 1, -1).equals(value)).toBe(true);
          read.push(text.toString('latin1', 0, equals));
          at += bytes;
        }
        expect(read).toEqual([...all].sort().map((name) => `SCHILY.xattr.user.${name}`));
      }),
    );
  });

  test.each([
    ['mode', { mode: 0o10000 }],
    ['uid', { uid: -1 }],
    ['gid', { gid: 0.5 }],
    ['mtimeSeconds', { mtimeSeconds: 1e17 }],
    ['sizeBytes', { sizeBytes: -1 }],
    ['sizeBytes', { type: 'directory' as const, sizeBytes: 1 }],
    ['device.major', { type: 'char' as const, device: { major: 2 ** 21, minor: 0 } }],
    ['device.minor', { type: 'block' as const, device: { major: 0, minor: -1 } }],
    ['path', { path: Buffer.from('a\0b') }],
    ['path', { path: Buffer.alloc(0) }],
    ['link', { type: 'symlink' as const }],
    ['link', { type: 'symlink' as const, link: Buffer.from('a\0b') }],
    ['link', { link: Buffer.from('a') }],
    ['xattrs', { xattrs: [{ name: Buffer.from('a=b'), value: Buffer.alloc(0) }] }],
  ])('throws with the name of the field, when %s does not fit', (field, change) => {
    const write = () => tarHeader({ ...PLAIN, ...change });
    expect(write).toThrow(FormatError);
    expect(write).toThrow(new RegExp(`: ${field.replace('.', '\\.')} `));
  });
});

const LONG = `${'l'.repeat(90)}/${'m'.repeat(150)}/${'n'.repeat(120)}`;
const CAPABILITY = Buffer.from('0100000280000000000000000000000000000000', 'hex');

/** Of each kind one, in an order in which they can be unpacked. */
function everything(): Entry[] {
  const base = { mode: 0o644, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, mtimeSeconds: 1500000000 };
  const file = (path: string, body = '', mode = 0o644): Entry => ({
    ...base,
    mode,
    path: encodePath(path),
    type: 'file',
    body: Buffer.from(body),
  });
  const folder = (path: string): Entry => ({ ...base, mode: 0o755, path: encodePath(path), type: 'directory' });
  const link = (path: string, type: 'symlink' | 'hardlink', to: string): Entry => ({
    ...base,
    mode: 0o777,
    path: encodePath(path),
    type,
    link: encodePath(to),
  });
  return [
    file('a', 'x'.repeat(513), 0o4755),
    link('b', 'hardlink', 'a'),
    file('caf\udce9', 'latin1'),
    file('höhe'),
    folder(LONG.slice(0, 90)),
    folder(LONG.slice(0, 241)),
    file(LONG, 'deep'),
    link('s', 'symlink', LONG),
    { ...base, path: Buffer.from('pipe'), type: 'fifo' },
  ];
}

describe.each(['tar', 'bsdtar'])('%s', (tool) => {
  const present = spawnSync(tool, ['--version']).status === 0;
  const isRoot = process.getuid?.() === 0;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-tar-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const unpack = (archive: Buffer, flags: string[] = []) => {
    const root = mkdtempSync(join(folder, 'root-'));
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    execFileSync(tool, ['-x', '-p', '-f', '-', ...flags, '-C', root], { input: archive, env });
    return root;
  };

  test.skipIf(!present)(`unpacks what this code writes${present ? '' : ` (not run: no ${tool} here)`}`, () => {
    const root = unpack(archiveOf(everything()));
    const names = readdirSync(root, { encoding: 'buffer' }).map((name) => decodePath(name));
    expect(names.sort()).toEqual(['a', 'b', 'caf\udce9', 'höhe', LONG.slice(0, 90), 'pipe', 's'].sort());
    expect(readFileSync(join(root, LONG), 'utf8')).toBe('deep');
    expect(readlinkSync(join(root, 's'))).toBe(LONG);
    expect(statSync(join(root, 'a')).size).toBe(513);
    expect(statSync(join(root, 'a')).mode & 0o7777).toBe(0o4755);
    expect(statSync(join(root, 'a')).ino).toBe(statSync(join(root, 'b')).ino);
    expect(lstatSync(join(root, 'pipe')).isFIFO()).toBe(true);
    expect(statSync(join(root, LONG)).mtimeMs).toBe(1500000000000);
  });

  const why = !present ? ` (not run: no ${tool} here)` : isRoot ? '' : ' (not run: needs root)';
  test.skipIf(why !== '')(`unpacks owners, devices and capabilities${why}`, () => {
    const base = { mode: 0o600, uid: 3_000_000, gid: 4_000_000, mtimeSeconds: 4_000_000_000 };
    const root = unpack(
      archiveOf([
        { ...base, path: Buffer.from('disk'), type: 'block', device: { major: 259, minor: 70000 } },
        { ...base, path: Buffer.from('null'), type: 'char', device: { major: 1, minor: 3 } },
        {
          ...base,
          path: Buffer.from('ping'),
          type: 'file',
          xattrs: [{ name: Buffer.from('security.capability'), value: CAPABILITY }],
        },
      ]),
      tool === 'tar' ? ['--xattrs', '--xattrs-include=*'] : [],
    );
    expect(
      execFileSync('stat', ['-c', '%n %t:%T %u:%g %Y', 'disk', 'null', 'ping'], { cwd: root, encoding: 'utf8' }),
    ).toBe(
      'disk 103:11170 3000000:4000000 4000000000\n' +
        'null 1:3 3000000:4000000 4000000000\n' +
        'ping 0:0 3000000:4000000 4000000000\n',
    );
    const got = spawnSync(
      'getfattr',
      ['-n', 'security.capability', '-e', 'hex', '--absolute-names', join(root, 'ping')],
      { encoding: 'utf8' },
    );
    if (got.status === 0) expect(got.stdout).toContain(`security.capability=0x${CAPABILITY.toString('hex')}`);
  });
});
