import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { peOf } from '../format/pe.fixture.js';
import { sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import { blockBytes } from './block-bytes.js';
import { DISK_BLOCK_BYTES } from './block-digests.js';
import { digestOf, faultsOf, noise } from './block-image.fixture.js';
import { type BootDiskOptions, encodeBootDisk, encodeBootIso } from './boot-disk.js';
import type { EncodedFile } from './context.js';
import { encodeDockerArchive } from './docker-archive.js';
import { encodeKernelErofs } from './kernel-erofs.js';
import { encodeKernelInitrd } from './kernel-initrd.js';
import { encodeQcow2Image } from './qcow2-image.js';
import { encodeTar } from './tar.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

/**
 * One small image in every output format. Bytes that change by accident are noticed here; who changes them on purpose
 * raises RECIPE (model/lock.ts), and says why in the commit. Digests are taken where nothing is compressed: compressors
 * may give other bytes in other versions.
 */
const GOLDEN: Readonly<Record<string, string>> = {
  'docker-archive: docker-archive': 'fecd1bbb136e35a9e43f67814608ac9789244b020e5c5fdc83df732be6faabea',
  'kernel+erofs: cmdline': 'ac6cd14ec5d5b322298090c9d7197c9002d27d9e20a036a317c7b0eb10184a2a',
  'kernel+erofs: erofs': '55a4bcbcac7eacc3439e2f45ad3f24400d19e16b7dc01e133c1b50aac24a5609',
  'kernel+erofs: kernel': 'd9aa599f73160fd4903401c01a5f1251c945d03abd305f62b376a4a1f5d22116',
  'kernel+initrd: cmdline': '008f0747f4e27c8462baa991a538025bcc2dd143e78422f1afbdfcd9e757a20f',
  'kernel+initrd: initrd': 'ff4a4d707e7363abf3e643e3434c64755d4e0089e8b7883c435e6efda4bbf57b',
  'kernel+initrd: kernel': 'd9aa599f73160fd4903401c01a5f1251c945d03abd305f62b376a4a1f5d22116',
  'tar: tar': 'fcb4c85e7bc74f421a82d1f142ad89949aa306edbd373de1be1f6370e0924d74',
};

const KERNEL = peOf({ sections: [['.text', noise(300_000, 1)]] });
const PACKAGE = 'packages/tool';

function tree(page: string, version = 1): Tree {
  const entries: PartialEntry[] = [
    file('boot/kernel', KERNEL, { component: 'kernel' }),
    file('init', '#!/bin/sh\n', { mode: 0o755, component: 'init' }),
    ...Array.from({ length: 40 }, (_, index) =>
      file(`usr/lib/tool/part-${index}`, noise(20_000 + 1000 * index, 100 * version + index), { component: PACKAGE }),
    ),
    file('usr/bin/tool', noise(700_000, version), { mode: 0o4755, component: PACKAGE }),
    { path: 'usr/bin/alias', type: 'hardlink', link: 'usr/bin/tool', component: PACKAGE },
    { path: 'usr/bin/link', type: 'symlink', link: 'tool', mode: 0o777, component: PACKAGE },
    { path: 'dev/null', type: 'char', device: { major: 1, minor: 3 }, mode: 0o666, component: 'init' },
    file('srv/page', page, { component: 'files' }),
    file('srv/empty', '', { component: 'files', uid: 70_000, gid: 3_000_000 }),
  ];
  return treeOf(entries);
}

const INITRAMFS = treeOf([file('init', 'find the root', { mode: 0o755, component: 'init' })]);

function options(): BootDiskOptions {
  const stub = peOf();
  return {
    ...{ name: 'golden', platform: 'linux/amd64', commandLine: 'quiet', root: 'disk', initramfs: INITRAMFS },
    stub: { bytes: stub, sizeBytes: stub.length, sha256: sha256(stub) },
    osRelease: 'ID=ingot\n',
    metadata: [{ name: 'lock.json', bytes: Buffer.from('{}') }],
  };
}

async function digestsOf(files: readonly EncodedFile[], format: string): Promise<[string, string][]> {
  const digests: [string, string][] = [];
  for (const { role, bytes } of files) {
    const hash = createHash('sha256');
    for await (const chunk of bytes()) hash.update(chunk);
    digests.push([`${format}: ${role}`, hash.digest('hex')]);
  }
  return digests;
}

describe('every output format', () => {
  test('has the bytes that are on record', async () => {
    const context = new MemoryStore().context();
    const wanted = tree('hello');
    const container = { image: sha256('lock'), platform: 'linux/amd64' as const, sourceDateEpoch: 1492533000 };
    const { disk } = await encodeBootDisk(wanted, options(), context);
    const inRam = await encodeBootDisk(wanted, { ...options(), root: 'ram' }, context);
    const erofs = await encodeKernelErofs(
      wanted,
      { name: 'golden', commandLine: 'quiet', initramfs: INITRAMFS },
      context,
    );
    const got = Object.fromEntries([
      ...(await digestsOf(await encodeTar(wanted, context), 'tar')),
      ...(await digestsOf(await encodeDockerArchive(wanted, container, context), 'docker-archive')),
      ...(await digestsOf(
        await encodeKernelInitrd(wanted, { commandLine: 'quiet', compression: 'none' }, context),
        'kernel+initrd',
      )),
      ...(await digestsOf(
        erofs.filter(({ role }) => role !== 'initrd'),
        'kernel+erofs',
      )),
    ]);
    expect(got).toEqual(GOLDEN);
    // What is compressed has the same bytes each time, with the same compressor.
    const again = new MemoryStore().context();
    for (const [one, other] of [
      [disk, (await encodeBootDisk(wanted, options(), again)).disk],
      [inRam.disk, (await encodeBootDisk(wanted, { ...options(), root: 'ram' }, again)).disk],
      [await encodeBootIso(wanted, options(), context), await encodeBootIso(wanted, options(), again)],
      [encodeQcow2Image(disk), encodeQcow2Image(disk)],
    ] as const) {
      expect(await digestOf(other)).toBe(await digestOf(one));
      expect(await faultsOf(one)).toEqual([]);
    }
  });
});

describe('encodeBootDisk()', () => {
  const blocks = async (page: string, version = 1): Promise<string[]> => {
    const { disk } = await encodeBootDisk(tree(page, version), options(), new MemoryStore().context());
    const digests: string[] = [];
    for (let offset = 0; offset < disk.sizeBytes; offset += DISK_BLOCK_BYTES) {
      const hash = createHash('sha256');
      const sizeBytes = Math.min(DISK_BLOCK_BYTES, disk.sizeBytes - offset);
      for await (const bytes of blockBytes(disk, { offset, sizeBytes })) hash.update(bytes);
      digests.push(hash.digest('hex'));
    }
    return digests;
  };
  const differing = (one: readonly string[], other: readonly string[]): number =>
    Math.max(one.length, other.length) - one.filter((digest, index) => digest === other[index]).length;

  test('changes 12 blocks of 512 KiB or fewer with one file', async () => {
    const before = await blocks('hello');
    expect(differing(before, await blocks('hello'))).toBe(0);
    expect(differing(before, await blocks('hallo'))).toBeLessThanOrEqual(12);
    expect(differing(before, await blocks('a longer page\n'.repeat(500)))).toBeLessThanOrEqual(12);
  });

  test('changes twice the blocks of a package and 16, or fewer, with the package', async () => {
    const packageBytes = 700_000 + 40 * 40_000;
    const limit = 2 * Math.ceil(packageBytes / DISK_BLOCK_BYTES) + 16;
    expect(differing(await blocks('hello', 1), await blocks('hello', 2))).toBeLessThanOrEqual(limit);
  });

  test('describes itself in a tar: what it was given, and the digests of its blocks', async () => {
    const { disk } = await encodeBootDisk(tree('hello'), options(), new MemoryStore().context());
    const place = disk.partitions.find(({ role }) => role === 'metadata');
    expect(place).toBeDefined();
    const chunks: Buffer[] = [];
    for await (const bytes of blockBytes(disk, place)) chunks.push(Buffer.from(bytes));
    const files = filesIn(Buffer.concat(chunks));
    expect([...files.keys()]).toEqual(['lock.json', 'blocks.sha256']);
    const digests = files.get('blocks.sha256') as Buffer;
    const all = await blocks('hello');
    expect(digests.length).toBe(32 * all.length);
    for (const [index, digest] of all.entries()) {
      const told = digests.subarray(32 * index, 32 * (index + 1)).toString('hex');
      // Its own blocks, and those of which nothing is read, have none.
      if (told !== '0'.repeat(64)) expect(told).toBe(digest);
    }
    expect(digests.subarray(0, 32).toString('hex')).toBe(all[0]);
  });
});

/** The files of a tar of short names (POSIX.1-2017, ustar). */
function filesIn(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; tar[at] !== 0; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const sizeBytes = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    files.set(name, tar.subarray(at + 512, at + 512 + sizeBytes));
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return files;
}
