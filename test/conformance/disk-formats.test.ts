import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  createWriteStream,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf, memoryImage, noise } from '../../provider/src/encode/block-image.fixture.js';
import type { BlockImage } from '../../provider/src/encode/block-image.js';
import { bytesImage } from '../../provider/src/encode/content-blocks.js';
import { encodeDiskImage } from '../../provider/src/encode/disk-image.js';
import { type DiskOptions, partitionGuid } from '../../provider/src/encode/disk-layout.js';
import { espImage } from '../../provider/src/encode/esp-image.js';
import { encodeGcpArchive } from '../../provider/src/encode/gcp-archive.js';
import { encodeIsoImage } from '../../provider/src/encode/iso-image.js';
import { encodeCompressedQcow2Image } from '../../provider/src/encode/qcow2-compressed-image.js';
import { encodeQcow2Image } from '../../provider/src/encode/qcow2-image.js';
import { MemoryStore } from '../../provider/src/encode/tree.fixture.js';
import { qcow2Layout } from '../../provider/src/format/qcow2.js';
import { oldGnuEndBytes, oldGnuHeader } from '../../provider/src/format/tar-oldgnu.js';
import { missingPrograms, skipAllBecause } from '../skip.js';

const MIB = 1 << 20;
const GIB = 2 ** 30;

/** What other people's programs make of disks that are written here. */
const noisy = (sizeBytes: number, seed: number): BlockImage =>
  memoryImage(
    [
      { kind: 'data', sizeBytes: sizeBytes - MIB },
      { kind: 'zero', sizeBytes: MIB },
    ],
    { seed },
  );
const FILES = [
  { path: 'EFI/BOOT/BOOTX64.EFI', image: noisy(5 * MIB + 12_345, 1) },
  { path: 'EFI/Linux/a kernel with a long name.efi', image: noisy(2 * MIB, 2) },
  { path: 'loader/loader.conf', image: bytesImage(Buffer.from('timeout 0\n')) },
  { path: 'größe 日本.txt', image: bytesImage(Buffer.from('x')) },
  { path: 'empty', image: bytesImage(Buffer.alloc(0)) },
];
const IDENTITY = { name: 'web', format: 'raw-efi', platform: 'linux/amd64' } as const;
const DISK: DiskOptions = {
  ...IDENTITY,
  metadata: noisy(3 * MIB, 3),
  esp: espImage({ ...IDENTITY, files: FILES }),
  verity: noisy(2 * MIB, 4),
  root: noisy(20 * MIB + 4096, 5),
};

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-disk-formats-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program says; its complaints are in the error when it fails. */
function said(program: string, ...args: readonly string[]): string {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC', PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  return execFileSync(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

/** Writes what is data; the rest of the file is a hole. */
async function write(name: string, image: BlockImage): Promise<string> {
  const file = openSync(at(name), 'w');
  try {
    ftruncateSync(file, image.sizeBytes);
    for await (const { offset, bytes } of image.pieces()) writeSync(file, bytes, 0, bytes.byteLength, offset);
  } finally {
    closeSync(file);
  }
  return at(name);
}

function digestOfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

describe('a disk', () => {
  skipAllBecause(missingPrograms('sgdisk'));

  test('has a partition table that sgdisk finds nothing wrong with', async () => {
    const raw = await write('disk.raw', encodeDiskImage(DISK));
    expect(said('sgdisk', '-v', raw)).toMatch(/No problems found/);
    const partition = said('sgdisk', '-i', '4', raw);
    expect(partition).toMatch(/4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709/);
    expect(partition).toContain(partitionGuid('root', IDENTITY).toUpperCase());
    expect(partition).toMatch(/Partition name: 'root'/);
    expect(partition).toMatch(/Attribute flags: 1000000000000000/);
    expect(said('sgdisk', '-i', '2', raw)).toMatch(/C12A7328-F81F-11D2-BA4B-00A0C93EC93B \(EFI system partition\)/);
  });

  test.each([
    ['whole GiB', { sizeMultipleBytes: GIB }, GIB],
    ['more than 2 TiB', { addBytes: 3 * 1024 * GIB }, 3 * 1024 * GIB],
  ])('of %s has one as well', async (_, more, leastBytes) => {
    const disk = encodeDiskImage({ ...DISK, ...more });
    expect(disk.sizeBytes).toBeGreaterThanOrEqual(leastBytes);
    const raw = await write('large.raw', disk);
    expect(said('sgdisk', '-v', raw)).toMatch(/No problems found/);
    rmSync(raw);
  });
});

describe('a FAT volume', () => {
  skipAllBecause(missingPrograms('fsck.fat', 'mdir', 'mcopy'));

  test.each([9, 32, 33, 34, 64, 128, 256, 300, 1024])(
    'of %d MiB is clean, and mtools reads the files',
    async (size) => {
      const esp = espImage({ ...IDENTITY, files: FILES, sizeBytes: size * MIB });
      const volume = await write('volume.img', esp);
      expect(said('fsck.fat', '-n', '-v', volume)).toMatch(/: 10 files, /);
      const listed = said('mdir', '-/', '-b', '-i', volume, '::')
        .trim()
        .split('\n')
        .filter((path) => !path.endsWith('/'));
      expect(listed.sort()).toEqual(FILES.map(({ path }) => `::/${path}`).sort());
      for (const { path, image } of FILES) {
        said('mcopy', '-n', '-o', '-i', volume, `::${path}`, at('copy'));
        expect(digestOfFile(at('copy')), path).toBe(await digestOf(image));
      }
    },
  );

  test('is clean with garbage in what is unused', async () => {
    const esp = espImage({ ...IDENTITY, files: FILES });
    const bytes = readFileSync(await write('volume.img', esp));
    for (const { kind, offset, sizeBytes } of esp.extents) {
      if (kind === 'unused') bytes.fill(0xa5, offset, offset + sizeBytes);
    }
    const volume = await write('volume.img', bytesImage(bytes));
    expect(said('fsck.fat', '-n', volume)).toMatch(/: 10 files, /);
    said('mcopy', '-n', '-o', '-i', volume, '::EFI/BOOT/BOOTX64.EFI', at('copy'));
    expect(digestOfFile(at('copy'))).toBe(await digestOf(FILES[0]?.image as BlockImage));
  });
});

describe('a qcow2 file', () => {
  skipAllBecause(missingPrograms('qemu-img'));

  test('has no errors, and reads as the disk', async () => {
    const disk = encodeDiskImage({ ...DISK, sizeMultipleBytes: GIB });
    const raw = await write('disk.raw', disk);
    const file = await write('disk.qcow2', encodeQcow2Image(disk));
    expect(said('qemu-img', 'check', '-f', 'qcow2', file)).toMatch(/No errors were found/);
    expect(said('qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', raw, file)).toMatch(/Images are identical/);
    expect(said('qemu-img', 'info', file)).toMatch(/virtual size: 1 GiB/);
  });

  test('of a disk that ends within a cluster reads as the disk', async () => {
    const disk = memoryImage([
      { kind: 'zero', sizeBytes: 200_704 },
      { kind: 'data', sizeBytes: 99_840 },
    ]);
    const raw = await write('odd.raw', disk);
    const file = await write('odd.qcow2', encodeQcow2Image(disk));
    expect(said('qemu-img', 'check', '-f', 'qcow2', file)).toMatch(/No errors were found/);
    expect(said('qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', raw, file)).toMatch(/Images are identical/);
  });

  test('with compressed clusters has no errors, and reads as the disk', async () => {
    // Some clusters become smaller, some do not, and some hold nothing.
    const bytes = noise(24 * MIB, 6);
    for (let at = 0; at < bytes.length; at += 3 * MIB) bytes.fill(`text at ${at} `, at, at + 2 * MIB);
    const regions = [0, 8, 16].map((place) => ({
      key: String(place),
      offset: place * MIB + 4096,
      sizeBytes: 8 * MIB - 8192,
    }));
    const root = { ...bytesImage(bytes), regions };
    const disk = encodeDiskImage({ ...DISK, root, sizeMultipleBytes: GIB });
    const image = await encodeCompressedQcow2Image(disk, new MemoryStore().context());
    expect(image.sizeBytes).toBeLessThan(encodeQcow2Image(disk).sizeBytes - 12 * MIB);
    const raw = await write('disk.raw', disk);
    const file = await write('disk.qcow2', image);
    expect(said('qemu-img', 'check', '-f', 'qcow2', file)).toMatch(
      /No errors were found[\s\S]*[1-9]\d\.\d+% compressed/,
    );
    expect(said('qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', raw, file)).toMatch(/Images are identical/);
  });

  test.each([
    ['throughout', 9 * GIB, [{ offset: 0, sizeBytes: 9 * GIB }]],
    ['here and there', 3000 * GIB, [0, 5, 700, 2999].map((place) => ({ offset: place * GIB, sizeBytes: GIB }))],
  ])('of many GiB has no errors, where it has data %s', (_, sizeBytes, data) => {
    const { fileBytes, tables } = qcow2Layout({ sizeBytes, data });
    const file = openSync(at('large.qcow2'), 'w');
    for (const table of tables()) writeSync(file, table);
    ftruncateSync(file, fileBytes);
    closeSync(file);
    const { check } = {
      check: JSON.parse(said('qemu-img', 'check', '--output=json', '-f', 'qcow2', at('large.qcow2'))),
    };
    expect(check).toMatchObject({
      'check-errors': 0,
      'total-clusters': sizeBytes / 65536,
      'allocated-clusters': data.reduce((sum, part) => sum + part.sizeBytes, 0) / 65536,
      'image-end-offset': fileBytes,
    });
    expect(check).not.toHaveProperty('leaks');
    expect(check).not.toHaveProperty('corruptions');
    rmSync(at('large.qcow2'));
  });
});

describe('an ISO image', () => {
  const missing = missingPrograms('xorriso', 'sgdisk');
  skipAllBecause(missing);
  let iso: string;
  beforeAll(async () => {
    if (missing === undefined) iso = await write('cd.iso', encodeIsoImage(DISK));
  });

  test('has a boot catalog for UEFI that xorriso reads', () => {
    const report = said('xorriso', '-indev', iso, '-report_el_torito', 'plain');
    expect(report).toMatch(/El Torito catalog {2}: \d+ {2}1/);
    expect(report).toMatch(/El Torito boot img : {3}1 {2}UEFI {2}y {3}none {2}/);
    expect(report).toMatch(/El Torito img path : {3}1 {2}\/EFI\.IMG/);
  });

  test('has a partition table as well', () => {
    expect(said('sgdisk', '-v', iso)).toMatch(/No problems found/);
    const report = said('xorriso', '-indev', iso, '-report_system_area', 'plain');
    expect(report).toMatch(/System area summary: .*GPT/);
    expect(report).toMatch(/GPT partition path : +2 {2}\/EFI\.IMG/);
  });

  test.each([
    ['METADATA.IMG', DISK.metadata],
    ['EFI.IMG', DISK.esp],
    ['VERITY.IMG', DISK.verity],
    ['ROOT.IMG', DISK.root],
  ])('holds %s as a file', async (name, image) => {
    said('xorriso', '-osirrox', 'on', '-indev', iso, '-extract', `/${name}`, at(name));
    expect(digestOfFile(at(name))).toBe(await digestOf(image as BlockImage));
    rmSync(at(name), { force: true });
  });
});

describe('an archive for Compute Engine', () => {
  skipAllBecause(missingPrograms('tar', 'gzip', 'cmp'));

  test('holds the disk, says gzip, and GNU tar as it makes such archives', async () => {
    const disk = encodeDiskImage(DISK);
    const raw = await write('raw', disk);
    await pipeline(encodeGcpArchive(disk, new MemoryStore().context()), createWriteStream(at('disk.tar.gz')));
    said('gzip', '-t', at('disk.tar.gz'));
    expect(said('tar', '-tvSzf', at('disk.tar.gz')).replace(/ +/g, ' ')).toBe(
      `-rw-r--r-- 0/0 ${disk.sizeBytes} 1970-01-01 00:00 disk.raw\n`,
    );
    said('tar', '-xSzf', at('disk.tar.gz'), '--no-same-owner');
    said('cmp', raw, at('disk.raw'));
    rmSync(raw);
    rmSync(at('disk.raw'));
  });

  test('of more than 8 GiB is what GNU tar lists', () => {
    const sizeBytes = 20 * GIB;
    const file = openSync(at('large.tar'), 'w');
    writeSync(file, oldGnuHeader({ name: 'disk.raw', sizeBytes, mode: 0o644, mtimeSeconds: 0 }));
    ftruncateSync(file, 512 + sizeBytes + oldGnuEndBytes(sizeBytes));
    closeSync(file);
    expect(said('tar', '-tvf', at('large.tar'))).toBe('-rw-r--r-- 0/0     21474836480 1970-01-01 00:00 disk.raw\n');
    rmSync(at('large.tar'));
  });
});
