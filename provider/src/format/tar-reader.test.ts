import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FormatError } from './error.js';
import { endBlocks, entryBlocks, headerBlock, padded, paxBlocks } from './tar-reader.fixture.js';
import { type TarEntry, TarReader, type TarReaderOptions } from './tar-reader.js';

function readTar(archive: Uint8Array, options?: TarReaderOptions): readonly TarEntry[] {
  const reader = new TarReader(options);
  reader.push(archive);
  return reader.finish();
}

function archiveOf(...parts: Buffer[]): Buffer {
  return Buffer.concat([...parts, endBlocks]);
}

const bodyOf = (archive: Buffer, entry: TarEntry | undefined) =>
  archive.subarray(entry?.content?.offset, (entry?.content?.offset ?? 0) + (entry?.content?.sizeBytes ?? 0));

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('TarReader with archives of other tools', () => {
  let folder: string;
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(60)}`;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-tar-'));
    const root = join(folder, 'root');
    mkdirSync(join(root, 'sub'), { recursive: true });
    writeFileSync(join(root, 'sub/file'), 'hello\n');
    // Whatever the umask is.
    chmodSync(join(root, 'sub'), 0o755);
    chmodSync(join(root, 'sub/file'), 0o640);
    writeFileSync(join(root, 'empty'), '');
    writeFileSync(join(root, 'exact'), 'x'.repeat(512));
    writeFileSync(join(root, 'large'), Buffer.alloc(300_000, 7));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.of(0xe9)]), 'latin1');
    symlinkSync('../sub/file', join(root, 'link'));
    linkSync(join(root, 'sub/file'), join(root, 'zhard'));
    execFileSync('mkfifo', [join(root, 'fifo')]);
    mkdirSync(join(root, long, '..'), { recursive: true });
    writeFileSync(join(root, long), 'deep');
    symlinkSync(`/${long}`, join(root, 'longlink'));
    utimesSync(join(root, 'sub/file'), 1_000_000_000, 1_000_000_000.75);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const long_names: readonly (readonly [string, readonly string[]])[] = [
    ['tar', ['--format=gnu']],
    ['tar', ['--format=oldgnu']],
    ['tar', ['--format=posix']],
    ['bsdtar', ['--format=pax']],
    ['bsdtar', ['--format=gnutar']],
  ];

  test.each(long_names)(
    'finish() gives all kinds of entries, with names of any length and bytes, from %s %s',
    (tool, flags) => {
      const archive = execFileSync(tool, [...flags, '-C', join(folder, 'root'), '-cf', '-', '.'], {
        env: { ...process.env, LC_ALL: 'C' },
      });
      const entries = readTar(archive);
      const byPath = new Map(entries.map((entry) => [entry.path, entry]));
      expect(byPath.get('')).toMatchObject({ type: 'directory' });
      expect(byPath.get('sub')).toMatchObject({ type: 'directory', mode: 0o755 });
      const names = [byPath.get('sub/file'), byPath.get('zhard')];
      const file = names.find((entry) => entry?.type === 'file');
      const hard = names.find((entry) => entry?.type === 'hardlink');
      expect(file).toMatchObject({
        mode: 0o640,
        mtimeSeconds: 1_000_000_000,
        uid: process.getuid?.(),
        gid: process.getgid?.(),
      });
      expect(hard?.link).toBe(file?.path);
      expect(bodyOf(archive, file).toString()).toBe('hello\n');
      expect(file?.content?.sha256).toBe(sha256('hello\n'));
      expect(byPath.get('empty')?.content).toMatchObject({ sizeBytes: 0, sha256: sha256('') });
      expect(bodyOf(archive, byPath.get('exact'))).toEqual(Buffer.alloc(512, 'x'));
      expect(bodyOf(archive, byPath.get('large'))).toEqual(Buffer.alloc(300_000, 7));
      expect(bodyOf(archive, byPath.get('caf\udce9')).toString()).toBe('latin1');
      expect(byPath.get('link')).toMatchObject({ type: 'symlink', link: '../sub/file' });
      expect(byPath.get('longlink')).toMatchObject({ type: 'symlink', link: `/${long}` });
      expect(byPath.get('fifo')).toMatchObject({ type: 'fifo' });
      expect(bodyOf(archive, byPath.get(long)).toString()).toBe('deep');
    },
  );

  test.each([
    ['tar', '--format=v7'],
    ['tar', '--format=ustar'],
    ['bsdtar', '--format=v7tar'],
    ['bsdtar', '--format=ustar'],
  ])('finish() reads the old formats, from %s %s', (tool, flag) => {
    const archive = execFileSync(tool, [flag, '-C', join(folder, 'root'), '-cf', '-', 'sub', 'exact']);
    const entries = readTar(archive);
    expect(entries.map(({ path, type }) => `${type} ${path}`)).toEqual([
      'directory sub',
      'file sub/file',
      'file exact',
    ]);
  });

  test.each(['gnu', 'posix', 'ustar'])(
    'finish() gives device numbers and large ids, from tar --format=%s',
    (format) => {
      if (process.getuid?.() !== 0) return; // Only root can make devices: the hand-made archives below cover them too.
      const devices = join(folder, `devices-${format}`);
      mkdirSync(devices);
      execFileSync('mknod', [join(devices, 'null'), 'c', '1', '3']);
      execFileSync('mknod', [join(devices, 'disk'), 'b', '259', '70000']);
      const id = format === 'ustar' ? 2_000_000 : 3_000_000;
      const flags = [`--format=${format}`, `--owner=:${id}`, `--group=:${id + 1}`];
      const entries = readTar(execFileSync('tar', [...flags, '-C', devices, '-cf', '-', 'disk', 'null']));
      expect(entries).toMatchObject([
        { path: 'disk', type: 'block', device: { major: 259, minor: 70000 }, uid: id, gid: id + 1 },
        { path: 'null', type: 'char', device: { major: 1, minor: 3 } },
      ]);
    },
  );

  const sparse_formats = [
    ['tar', '--format=gnu', '--sparse'],
    ['tar', '--format=oldgnu', '--sparse'],
    ['tar', '--format=posix', '--sparse', '--sparse-version=0.0'],
    ['tar', '--format=posix', '--sparse', '--sparse-version=0.1'],
    ['tar', '--format=posix', '--sparse', '--sparse-version=1.0'],
    ['bsdtar', '--format=pax', '--read-sparse'],
  ] as const;

  /** Files with holes at every place, and more parts than an old header or a block of text has room for. */
  function sparseFiles(): string {
    const root = mkdtempSync(join(folder, 'sparse-'));
    const write = (name: string, { sizeBytes, parts }: { sizeBytes: number; parts: readonly number[] }) => {
      const file = openSync(join(root, name), 'w');
      for (const at of parts) writeSync(file, Buffer.alloc(4096, (at >> 12) % 251), 0, 4096, at);
      ftruncateSync(file, sizeBytes);
      closeSync(file);
    };
    const every = (count: number) => Array.from({ length: count }, (_, index) => index * 65_536);
    write('all-hole', { sizeBytes: 4 << 20, parts: [] });
    write('ends-in-data', { sizeBytes: (1 << 20) + 4096, parts: [1 << 20] });
    write('ends-in-hole', { sizeBytes: 5_000_001, parts: [0, 1 << 20] });
    write('four', { sizeBytes: 3 * 65_536 + 4096, parts: every(4) });
    write('many', { sizeBytes: 300 * 65_536 + 77, parts: every(300) });
    write(`${'n'.repeat(150)}`, { sizeBytes: 1 << 20, parts: [65_536] });
    writeFileSync(join(root, 'plain'), 'not sparse');
    return root;
  }

  test.each(sparse_formats)('finish() gives the parts of sparse files, from %s %s %s %s', (tool, ...flags) => {
    const root = sparseFiles();
    const named = flags.filter((flag) => flag !== undefined);
    const archive = execFileSync(tool, [...named, '-C', root, '-cf', '-', '.'], { maxBuffer: 1 << 26 });
    const entries = readTar(archive, { maxSparseBytes: 1 << 30 });
    const files = entries.filter((entry) => entry.type === 'file');
    expect(files.map((entry) => entry.path).sort()).toEqual(readdirSync(root).sort());
    expect(files.filter((entry) => entry.sparse !== undefined).length).toBeGreaterThanOrEqual(5);
    for (const entry of files) {
      const want = readFileSync(join(root, entry.path));
      const got = Buffer.alloc(entry.sparse?.sizeBytes ?? 0);
      for (const { at, offset, sizeBytes } of entry.sparse?.pieces ?? [])
        archive.copy(got, at, offset, offset + sizeBytes);
      expect((entry.sparse === undefined ? bodyOf(archive, entry) : got).equals(want)).toBe(true);
    }
    const chopped = new TarReader({ maxSparseBytes: 1 << 30 });
    for (let at = 0; at < archive.length; at += 777) chopped.push(archive.subarray(at, at + 777));
    expect(chopped.finish()).toEqual(entries);
    expect(() => readTar(archive)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(() => readTar(archive, { maxSparseBytes: 1 << 20 })).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('finish() keeps binary extended attributes, from tar --xattrs', (context) => {
    const path = join(folder, 'attributed');
    writeFileSync(path, '');
    const value = '0x0100000280000000000000000000000000000000';
    const set = spawnSync('setfattr', ['-n', 'user.ingot', '-v', value, path]);
    if (set.status !== 0)
      context.skip('needs setfattr and a file system with user attributes; hand-made ones are read below');
    const archive = execFileSync('tar', ['--xattrs', '--format=posix', '-C', folder, '-cf', '-', 'attributed']);
    expect(readTar(archive)[0]?.xattrs).toEqual({ 'user.ingot': Buffer.from(value.slice(2), 'hex') });
  });

  test('finish() gives what tar --list shows, for the archive in a package', () => {
    const archive = execFileSync('tar', ['-C', join(folder, 'root'), '-cf', '-', '.']);
    const listed = execFileSync('tar', ['--quoting-style=literal', '-tf', '-'], {
      input: archive,
      env: { LC_ALL: 'C' },
    });
    const names = listed.toString('latin1').trimEnd().split('\n');
    expect(readTar(archive)).toHaveLength(names.length);
    expect(readFileSync(join(folder, 'root/sub/file'), 'utf8')).toBe('hello\n');
  });
});

describe('TarReader', () => {
  const capability = Buffer.from('0100000280000000000000000000000000000000', 'hex');

  test('finish() gives the same, however the archive is cut into chunks', () => {
    const archive = archiveOf(
      entryBlocks({ name: './a/', typeflag: '5', mode: '0000755' }),
      entryBlocks({ name: './a/one' }, 'x'.repeat(700)),
      paxBlocks([
        ['path', `./${'n'.repeat(300)}`],
        ['SCHILY.xattr.security.capability', capability],
      ]),
      entryBlocks({ name: 'cut' }, 'body'),
      entryBlocks({ name: 'two', typeflag: '1', linkname: './a/one' }),
    );
    const whole = readTar(archive);
    expect(whole.map((entry) => entry.path)).toEqual(['a', 'a/one', 'n'.repeat(300), 'two']);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1 }), (sizes) => {
        const reader = new TarReader();
        for (let offset = 0, turn = 0; offset < archive.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.push(archive.subarray(offset, offset + size));
          offset += size;
        }
        expect(reader.finish()).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  test('finish() prefers pax records to header fields, and keeps values as bytes', () => {
    const [entry] = readTar(
      archiveOf(
        paxBlocks(
          [
            ['mtime', '77'],
            ['uid', '5'],
            ['comment', 'for all'],
          ],
          'g',
        ),
        paxBlocks([
          ['path', Buffer.from('caf\xe9', 'latin1')],
          ['size', '3'],
          ['uid', '3000000'],
          ['gid', '4294967294'],
          ['mtime', '-1.5'],
          ['SCHILY.xattr.security.capability', capability],
          ['SCHILY.xattr.__proto__', 'x'],
          ['SCHILY.xattr.user.lines', 'a=b\nc\n'],
        ]),
        headerBlock({ name: 'short', size: 0 }),
        padded('abc'),
      ),
    );
    expect(entry).toMatchObject({ path: 'caf\udce9', uid: 3_000_000, gid: 4_294_967_294, mtimeSeconds: -2 });
    expect(entry?.content).toMatchObject({ sizeBytes: 3, sha256: sha256('abc') });
    expect(Object.entries(entry?.xattrs ?? {})).toEqual([
      ['__proto__', Buffer.from('x')],
      ['security.capability', capability],
      ['user.lines', Buffer.from('a=b\nc\n')],
    ]);
  });

  test('finish() applies a global header to all that follow, and takes it back', () => {
    const entries = readTar(
      archiveOf(
        paxBlocks([['uid', '9']], 'g'),
        entryBlocks({ name: 'a' }),
        entryBlocks({ name: 'b' }),
        paxBlocks([['uid', '']], 'g'),
        entryBlocks({ name: 'c', uid: '0000003' }),
      ),
    );
    expect(entries.map((entry) => entry.uid)).toEqual([9, 9, 3]);
  });

  test.each([
    [
      'base-256 numbers',
      { uid: Buffer.from('8000000000ffffff', 'hex'), mtime: Buffer.from('fffffffffffffffffffffffe', 'hex') },
      { uid: 0xffffff, mtimeSeconds: -2 },
    ],
    ['leading spaces', { uid: '   17 \0' }, { uid: 15 }],
    ['an empty number', { uid: '\0\0\0\0\0\0\0\0' }, { uid: 0 }],
    ['the file type in the mode', { mode: '0104755' }, { mode: 0o4755 }],
    ['a POSIX prefix', { prefix: 'usr/share', name: 'doc' }, { path: 'usr/share/doc' }],
    ['a GNU header, which has no prefix', { prefix: '12345', name: 'doc', magic: 'ustar  \0' }, { path: 'doc' }],
    ['a V7 folder', { name: 'folder/', magic: '', typeflag: '\0' }, { path: 'folder', type: 'directory' }],
    ['a contiguous file', { typeflag: '7' }, { type: 'file' }],
    ['a name of 100 bytes', { name: 'n'.repeat(100) }, { path: 'n'.repeat(100) }],
    ['a device', { typeflag: '4', devmajor: '0000403', devminor: '0210560' }, { device: { major: 259, minor: 70000 } }],
    ['dots and slashes', { name: '//./usr//./bin/./env' }, { path: 'usr/bin/env' }],
    ['names that begin with dots', { name: './.a/..b/...' }, { path: '.a/..b/...' }],
    ['a hardlink with a size, which has no body', { typeflag: '1', linkname: './/x', size: 99 }, { link: 'x' }],
    [
      'a symlink that leads out, which is the matter of who follows it',
      { typeflag: '2', linkname: '../../x' },
      { link: '../../x' },
    ],
  ])('finish() reads %s', (_, fields, want) => {
    expect(readTar(archiveOf(headerBlock(fields)))[0]).toMatchObject(want);
  });

  const refused: readonly (readonly [string, string, Buffer])[] = [
    ['a wrong checksum', 'corrupt', headerBlock({ checksum: '000001\0 ' })],
    ['no header', 'malformed', Buffer.alloc(512, 'tar')],
    ['a path that leads out', 'malformed', headerBlock({ name: 'a/../../etc' })],
    ['a path of `..`', 'malformed', headerBlock({ name: '..', typeflag: '5' })],
    ['a hardlink that leads out', 'malformed', headerBlock({ typeflag: '1', linkname: '../etc/passwd' })],
    ['a hardlink to nothing', 'malformed', headerBlock({ typeflag: '1' })],
    ['a symlink to nothing', 'malformed', headerBlock({ typeflag: '2' })],
    ['a file without a path', 'malformed', headerBlock({ name: './', typeflag: '7' })],
    ['a size that is no number', 'malformed', headerBlock({ size: 'eight' })],
    ['a size below zero', 'malformed', headerBlock({ size: Buffer.from('ff'.repeat(12), 'hex') })],
    ['a size beyond all bounds', 'malformed', headerBlock({ size: Buffer.from(`80${'ff'.repeat(11)}`, 'hex') })],
    ['an id beyond all bounds', 'malformed', headerBlock({ uid: Buffer.from('80000000ffffffff', 'hex') })],
    ['a folder with a body', 'malformed', headerBlock({ typeflag: '5', size: 1 })],
    ['an unknown type', 'unsupported', headerBlock({ typeflag: 'M' })],
    ['an old sparse file, by default', 'unsupported', headerBlock({ typeflag: 'S' })],
    ['a pax header that is too large', 'too-large', headerBlock({ typeflag: 'x', size: 2 ** 21 })],
    ['a long name that is too large', 'too-large', headerBlock({ typeflag: 'L', size: 2 ** 30 })],
    ['a lone block of zeros', 'malformed', Buffer.concat([Buffer.alloc(512), headerBlock({})])],
    ['a pax header without an entry', 'malformed', paxBlocks([['uid', '1']])],
    ['a NUL in a pax path', 'malformed', Buffer.concat([paxBlocks([['path', 'a\0b']]), headerBlock({})])],
    ['a pax path that leads out', 'malformed', Buffer.concat([paxBlocks([['path', '../x']]), headerBlock({})])],
    ['a pax size that is no number', 'malformed', Buffer.concat([paxBlocks([['size', '0x10']]), headerBlock({})])],
    ['pax sparse of star', 'unsupported', Buffer.concat([paxBlocks([['SCHILY.realsize', '1']]), headerBlock({})])],
    ['pax sparse of tomorrow', 'unsupported', Buffer.concat([paxBlocks([['GNU.sparse.major', '2']]), headerBlock({})])],
    ...[
      '9 uid=1',
      '99 uid=1\n',
      '0 \n',
      '7 uid1\n',
      '5 =1\n',
      '6 uid=1\n',
      'x uid=1\n',
      '08 uid=1\n',
      '1e1 uid=11\n',
    ].map(
      (body) =>
        [
          `the pax record ${JSON.stringify(body)}`,
          'malformed',
          Buffer.concat([entryBlocks({ typeflag: 'x' }, body), headerBlock({})]),
        ] as const,
    ),
  ];

  test.each(refused)('finish() throws for %s', (_, code, blocks) => {
    expect(() => readTar(archiveOf(blocks))).toThrow(FormatError);
    expect(() => readTar(archiveOf(blocks))).toThrow(expect.objectContaining({ code }));
  });

  const map = (records: Readonly<Record<string, string>>) =>
    paxBlocks(Object.entries(records).map(([keyword, value]) => [`GNU.sparse.${keyword}`, value]));
  const version0 = { size: '10', numblocks: '1', map: '2,3' };
  const version1 = map({ major: '1', minor: '0', realsize: '10', name: 'file' });

  test.each<[string, string, Buffer]>([
    ['without a size', 'malformed', Buffer.concat([map({ numblocks: '0' }), entryBlocks({})])],
    [
      'with a map of no numbers',
      'malformed',
      Buffer.concat([map({ ...version0, map: '2,x' }), entryBlocks({}, 'abc')]),
    ],
    ['with a map cut off', 'malformed', Buffer.concat([map({ ...version0, map: '2' }), entryBlocks({}, 'abc')])],
    ['with parts past the end', 'malformed', Buffer.concat([map({ ...version0, map: '8,3' }), entryBlocks({}, 'abc')])],
    ['with more than the archive has', 'malformed', Buffer.concat([map(version0), entryBlocks({}, 'ab')])],
    ['with less than the archive has', 'malformed', Buffer.concat([map(version0), entryBlocks({}, 'abcd')])],
    [
      'with parts that overlap',
      'malformed',
      Buffer.concat([map({ ...version0, numblocks: '2', map: '2,3,4,3' }), entryBlocks({}, 'abcdef')]),
    ],
    ['that is a folder', 'malformed', Buffer.concat([map(version0), headerBlock({ typeflag: '5' })])],
    ['that is too large', 'too-large', Buffer.concat([map({ ...version0, size: '2000000' }), entryBlocks({}, 'abc')])],
    ['with text for a map', 'malformed', Buffer.concat([version1, entryBlocks({}, 'abc')])],
    [
      'with a map larger than its body',
      'malformed',
      Buffer.concat([version1, entryBlocks({}, '1000000\n'), padded('x')]),
    ],
    ['with a map and no body', 'malformed', Buffer.concat([version1, entryBlocks({}), headerBlock({})])],
    ['without end', 'malformed', Buffer.concat([version1, entryBlocks({}, `9999999\n${'1\n'.repeat(700_000)}`)])],
  ])('finish() throws for a sparse file %s', (_, code, blocks) => {
    const read = () => readTar(archiveOf(blocks), { maxSparseBytes: 1_000_000 });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(expect.objectContaining({ code }));
  });

  test('finish() throws for an archive cut off anywhere before its end mark', () => {
    const archive = archiveOf(
      paxBlocks([['uid', '1']]),
      entryBlocks({ name: 'a' }, 'x'.repeat(600)),
      entryBlocks({ name: 'b' }),
    );
    for (let length = 0; length < archive.length; length += 64) {
      expect(() => readTar(archive.subarray(0, length))).toThrow(expect.objectContaining({ code: 'truncated' }));
    }
    expect(readTar(Buffer.concat([archive, Buffer.alloc(8192, 1)]))).toHaveLength(2);
  });

  test('finish() takes a missing end mark where that is allowed, but no other cut', () => {
    const entry = entryBlocks({ name: 'a' }, 'body');
    // `umoci insert` ends its layers right after the last body.
    for (const length of [entry.length, 600, 516]) {
      expect(readTar(entry.subarray(0, length), { endMayBeMissing: true })).toHaveLength(1);
      expect(() => readTar(entry.subarray(0, length))).toThrow(FormatError);
    }
    for (const length of [100, 512, 515]) {
      expect(() => readTar(entry.subarray(0, length), { endMayBeMissing: true })).toThrow(FormatError);
    }
  });

  test('push() refuses headers that would fill the memory', () => {
    const records = Array.from({ length: 300 }, (_, at) => [`key${at}`, 'x'] as const);
    expect(() => readTar(archiveOf(paxBlocks(records, 'g')))).toThrow(expect.objectContaining({ code: 'too-large' }));
    const reader = new TarReader();
    const large = Buffer.concat([paxBlocks([['comment', 'x'.repeat(1_000_000)]]), entryBlocks({ name: 'a' })]);
    const pushAll = () => {
      for (let turn = 0; turn < 300; turn++) reader.push(large);
    };
    expect(pushAll).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('push() stops at the limit of entries', () => {
    const archive = archiveOf(entryBlocks({ name: 'a' }), entryBlocks({ name: 'b' }));
    expect(() => readTar(archive, { maxEntries: 1 })).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('push() and finish() throw nothing but FormatError, whatever bytes are changed', () => {
    const archive = archiveOf(
      paxBlocks([
        ['path', 'long'],
        ['mtime', '1.5'],
      ]),
      entryBlocks({ name: 'a', mtime: 5 }, 'body'),
      entryBlocks({ name: 'L', typeflag: 'L' }, `${'l'.repeat(200)}\0`),
      entryBlocks({ name: 'b', typeflag: '2', linkname: 'a' }),
      map(version0),
      entryBlocks({ name: 'c' }, 'abc'),
      version1,
      entryBlocks({ name: 'd' }, Buffer.concat([padded('1\n2\n3\n'), Buffer.from('abc')])),
    );
    const change = fc.record({ at: fc.nat(archive.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), (changes, repair) => {
        const copy = Buffer.from(archive);
        for (const { at, to } of changes) copy[at] = to;
        if (repair)
          for (let block = 0; block < archive.length / 512; block++)
            repairChecksum(copy.subarray(block * 512, block * 512 + 512));
        try {
          readTar(copy, { maxSparseBytes: 1 << 20 });
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** So that a changed byte is not always found by the checksum. */
function repairChecksum(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
