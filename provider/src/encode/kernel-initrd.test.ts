import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type ReadCpioEntry, readCpio } from '../format/cpio.fixture.js';
import { sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import type { Compression } from './compression.js';
import { EncodeError } from './error.js';
import { encodeKernelInitrd } from './kernel-initrd.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

const KERNEL = file('boot/kernel', 'the kernel');

/** Bytes that compress somewhat, the same in each run. */
function sample(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0, state = sizeBytes; at < sizeBytes; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = at > 1000 && (state & 3) !== 0 ? (bytes[at - 997] as number) : state >>> 24;
  }
  return bytes;
}

async function encode(tree: Tree, options: { compression?: Compression; store?: MemoryStore } = {}) {
  const { compression, store = new MemoryStore() } = options;
  const encoded = await encodeKernelInitrd(
    tree,
    { commandLine: 'console=ttyS0', ...(compression === undefined ? {} : { compression }) },
    store.context(),
  );
  const files = new Map<string, Buffer>();
  for (const { role, bytes } of encoded) files.set(role, await buffer(bytes()));
  return files;
}

async function initrdOf(tree: Tree, options: { compression?: Compression; store?: MemoryStore } = {}): Promise<Buffer> {
  return (await encode(tree, options)).get('initrd') as Buffer;
}

const entriesOf = async (tree: Tree): Promise<ReadCpioEntry[]> =>
  readCpio(await initrdOf(tree, { compression: 'none' }));

/** Of each kind of entry one, in three components. */
const MIXED: readonly PartialEntry[] = [
  KERNEL,
  file('bin/tool', 'tool', { mode: 0o4755, component: 'tools' }),
  { path: 'bin/alias', type: 'hardlink', link: 'bin/tool', component: 'tools' },
  { path: 'bin/short', type: 'symlink', link: 'tool', mode: 0o777, component: 'tools' },
  { path: 'dev/console', type: 'char', mode: 0o600, device: { major: 5, minor: 1 } },
  { path: 'dev/disk', type: 'block', mode: 0o600, device: { major: 259, minor: 70000 } },
  { path: 'run/pipe', type: 'fifo', mode: 0o600 },
  file('etc/motd', 'höhe\n', { uid: 100, gid: 200, component: 'files' }),
  { path: 'etc/private', type: 'directory', mode: 0o700, component: 'files' },
];

describe('encodeKernelInitrd()', () => {
  test('gives kernel, initrd and command line', async () => {
    const files = await encode(treeOf([KERNEL, file('boot/cmdline', 'old')]));
    expect([...files.keys()]).toEqual(['kernel', 'initrd', 'cmdline']);
    expect(files.get('kernel')?.toString()).toBe('the kernel');
    expect(files.get('cmdline')?.toString()).toBe('console=ttyS0');
  });

  test('writes the root, all folders, then each component in its order, then one end mark', async () => {
    const entries = await entriesOf(treeOf(MIXED));
    expect(entries.map(({ name, mode }) => `${name} ${mode.toString(8)}`)).toEqual([
      '. 40755',
      'bin 40755',
      'boot 40755',
      'dev 40755',
      'etc 40755',
      'etc/private 40700',
      'run 40755',
      'dev/console 20600',
      'dev/disk 60600',
      'run/pipe 10600',
      'bin/alias 104755',
      'bin/short 120777',
      'bin/tool 104755',
      'etc/motd 100644',
      'TRAILER!!! 0',
    ]);
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    expect(byName.get('dev/disk')).toMatchObject({ specialMajor: 259, specialMinor: 70000 });
    expect(byName.get('etc/motd')).toMatchObject({ uid: 100, gid: 200, mtimeSeconds: 1492533000 });
    expect(byName.get('etc/motd')?.body.toString()).toBe('höhe\n');
    expect(byName.get('bin/short')?.body.toString()).toBe('tool');
  });

  test('gives each file its own number, and the names of one file the same, with one body', async () => {
    const entries = await entriesOf(treeOf(MIXED));
    const number = ({ deviceMajor, deviceMinor, inode }: ReadCpioEntry) => `${deviceMajor} ${deviceMinor} ${inode}`;
    const [alias, tool] = ['bin/alias', 'bin/tool'].map(
      (name) => entries.find((entry) => entry.name === name) as ReadCpioEntry,
    );
    expect([alias?.linkCount, tool?.linkCount]).toEqual([2, 2]);
    expect([alias?.body.toString(), tool?.body.toString()]).toEqual(['tool', '']);
    expect(number(alias as ReadCpioEntry)).toBe(number(tool as ReadCpioEntry));
    expect(new Set(entries.map(number)).size).toBe(entries.length - 1);
  });

  test('keeps a file with names in two components one file', async () => {
    const entries = await entriesOf(
      treeOf([
        KERNEL,
        file('x/one', 'text', { component: 'a' }),
        { path: 'y/two', type: 'hardlink', link: 'x/one', component: 'b' },
      ]),
    );
    const names = entries.filter(({ linkCount, name }) => linkCount === 2 && name.includes('/'));
    expect(names.map(({ name, body }) => [name, body.toString()])).toEqual([
      ['x/one', 'text'],
      ['y/two', ''],
    ]);
    expect(names[0]).toMatchObject({
      inode: names[1]?.inode,
      deviceMajor: names[1]?.deviceMajor,
      deviceMinor: names[1]?.deviceMinor,
    });
  });

  test('keeps the content of a file whose first name was taken out', async () => {
    const entries = await entriesOf(treeOf([KERNEL, { path: 'vmlinuz', type: 'hardlink', link: 'boot/kernel' }]));
    expect(entries.find(({ name }) => name === 'vmlinuz')).toMatchObject({
      linkCount: 1,
      body: Buffer.from('the kernel'),
    });
  });

  test('puts the microcode first, uncompressed and padded, and nothing else of it', async () => {
    const tree = treeOf([KERNEL, file('boot/ucode.cpio', 'ucode')]);
    const initrd = await initrdOf(tree, { compression: 'none' });
    expect(initrd.toString('latin1', 0, 14)).toBe('ucode\0\0\x00070701');
    expect(readCpio(initrd.subarray(8)).map(({ name }) => name)).toEqual(['.', 'boot', 'TRAILER!!!']);
  });

  test.each([
    ['zstd', zstdPieces],
    ['gzip', (bytes: Buffer) => [gunzipSync(bytes)]],
  ] as const)('holds the same archive, when compressed with %s', async (compression, pieces) => {
    const tree = treeOf([
      ...MIXED,
      file('lib/large', sample(5_000_001), { component: 'large' }),
      ...Array.from({ length: 9 }, (_, index) => file(`lib/${index}`, sample(700_000 + index), { component: 'many' })),
    ]);
    const plain = await initrdOf(tree, { compression: 'none' });
    const compressed = await initrdOf(tree, { compression });
    expect(Buffer.concat(pieces(compressed)).equals(plain)).toBe(true);
    expect(
      (await initrdOf(tree, { compression, store: new MemoryStore({ chunkBytes: 777 }) })).equals(compressed),
    ).toBe(true);
  });

  test('ends every zstd frame between two entries, since the kernel drops what follows one that ends within', async () => {
    const tree = treeOf([
      KERNEL,
      file('lib/large', sample(5_000_001)),
      ...Array.from({ length: 9 }, (_, index) => file(`lib/${index}`, sample(700_000 + index))),
    ]);
    const pieces = zstdPieces(await initrdOf(tree, { compression: 'zstd' }));
    expect(pieces.length).toBeGreaterThan(5);
    for (const piece of pieces) expect(() => readCpio(piece)).not.toThrow();
  });

  test('compresses only the segment of a component that changed', async () => {
    const entries = (text: string): PartialEntry[] => [
      KERNEL,
      file('lib/a', sample(1_200_000), { component: 'a' }),
      file('lib/b', sample(1_300_000), { component: 'b' }),
      file('etc/page', text, { component: 'files' }),
    ];
    const store = new MemoryStore();
    const before = await initrdOf(treeOf(entries('old')), { store });
    expect(store.made.length).toBe(5);
    const after = await initrdOf(treeOf(entries('new')), { store });
    expect(store.made.length).toBe(6);
    expect(after.equals(before)).toBe(false);
    expect(after.equals(await initrdOf(treeOf(entries('new'))))).toBe(true);
  });

  test('gives the bytes that it always gave', async () => {
    // A change here changes every image: raise RECIPE, and say why in the commit.
    expect(sha256(await initrdOf(treeOf(MIXED), { compression: 'none' }))).toBe(GOLDEN);
  });

  test('says so, when there is no kernel', async () => {
    await expect(encode(treeOf([file('etc/motd', '')]))).rejects.toThrow('the tree has no file boot/kernel');
  });

  test('says so, when an entry does not fit, before anything is written', async () => {
    const store = new MemoryStore();
    const encoding = encodeKernelInitrd(
      treeOf([KERNEL, file('old', '', { mtimeSeconds: -1 })]),
      { commandLine: '' },
      store.context(),
    );
    await expect(encoding).rejects.toThrow(EncodeError);
    await expect(encoding).rejects.toThrow('Cannot put old into an initramfs: ');
  });

  const missing = ['cpio', 'zstd', 'gzip'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  const why = missing.length > 0 ? ` (not run: no ${missing.join(', ')} here)` : '';
  test.skipIf(why !== '').each([
    ['zstd -dc', 'zstd'],
    ['zcat', 'gzip'],
    ['cat', 'none'],
  ] as const)(`is unpacked by %s and GNU cpio${why}`, async (command, compression) => {
    const folder = mkdtempSync(join(tmpdir(), 'ingot-initrd-'));
    try {
      // Without devices and other people's files, which need root.
      const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
      const entries = MIXED.filter(({ type }) => type !== 'char' && type !== 'block').map((entry) => ({
        ...entry,
        ...own,
      }));
      const input = await initrdOf(treeOf(entries), { compression });
      execFileSync('sh', ['-c', `${command} | cpio --quiet -i`], { cwd: folder, input });
      expect(readFileSync(join(folder, 'etc/motd'), 'utf8')).toBe('höhe\n');
      expect(lstatSync(join(folder, 'bin/tool')).mode & 0o7777).toBe(0o4755);
      expect(lstatSync(join(folder, 'bin/tool')).ino).toBe(lstatSync(join(folder, 'bin/alias')).ino);
      expect(readFileSync(join(folder, 'bin/short'), 'utf8')).toBe('tool');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const GOLDEN = 'sha256:d04b7aca3d80bd9b78edc9ae7039ea3bf0c9f1e6b27468c82f9e82cb348d10e4';

/** The content of each frame. RFC 8878 section 3.1.1: magic, header, blocks up to the last one, checksum. */
function zstdPieces(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    const descriptor = bytes[at + 4] as number;
    const single = (descriptor & 0x20) !== 0;
    at += 5 + (single ? 0 : 1) + ([single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number);
    for (let last = false; !last; ) {
      const block = bytes.readUIntLE(at, 3);
      last = (block & 1) === 1;
      at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3);
    }
    at += 4;
    pieces.push(zstdDecompressSync(bytes.subarray(start, at)));
  }
  return pieces;
}
