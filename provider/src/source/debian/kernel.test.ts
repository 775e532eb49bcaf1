import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { elfModule } from '../../format/elf-modinfo.fixture.js';
import type { Layer } from '../../model/layer.js';
import type { DebianPin, PinnedPackage } from '../../model/pin.js';
import type { ProgressEvent } from '../../model/progress.js';
import { Store } from '../../store/store.js';
import { openKernel } from './kernel.js';
import { buildPackage, mirrorIn } from './open.fixture.js';
import type { OpenOptions } from './open.js';

let folder: string;
let store: Store;
let options: OpenOptions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-kernel-'));
  store = await Store.open(join(folder, 'store'));
  options = {
    store,
    mirrors: async () => mirrorIn(folder),
    signal: new AbortController().signal,
    progress: () => undefined,
  };
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const jbd2 = elfModule({
  modinfo: [
    ['license', 'GPL'],
    ['depends', ''],
  ],
});
const ext4 = elfModule({
  modinfo: [
    ['alias', 'fs-ext4'],
    ['depends', 'jbd2'],
  ],
});
/** What signs a module lies behind its end, and must stay. */
const signed = Buffer.concat([ext4, Buffer.from('~Module signature appended~\n')]);
const xz = (bytes: Uint8Array) => execFileSync('xz', ['-c', '--check=crc32'], { input: bytes });

const RELEASE = '6.12.1-cloud-amd64';
function kernelPackage(modules = 'usr/lib/modules'): PinnedPackage {
  const release = `${modules}/${RELEASE}`;
  return buildPackage(folder, {
    name: 'linux-image-6.12.1-cloud-amd64',
    files: {
      [`boot/vmlinuz-${RELEASE}`]: Buffer.alloc(3_000_000, 'MZ'),
      [`boot/config-${RELEASE}`]: 'CONFIG_X=y\n',
      [`${release}/kernel/fs/ext4/ext4.ko.xz`]: xz(signed),
      [`${release}/kernel/fs/jbd2/jbd2.ko.gz`]: gzipSync(jbd2),
      [`${release}/kernel/lib/plain.ko`]: jbd2,
      [`${release}/modules.order`]: 'kernel/fs/jbd2/jbd2.ko\nkernel/fs/ext4/ext4.ko\n',
      [`${release}/modules.builtin`]: 'kernel/fs/fuse.ko\n',
      [`${release}/modules.builtin.modinfo`]: 'fuse.license=GPL\0',
      [`${release}/build/Makefile`]: 'not for images',
      'usr/share/doc/linux/copyright': 'GPL',
    },
  });
}
const meta = () => buildPackage(folder, { name: 'linux-image-cloud-amd64', files: { 'usr/share/doc/x': 'x' } });
const other = () => buildPackage(folder, { name: 'zlib1g', files: { 'usr/lib/large': Buffer.alloc(100_000, 1) } });
const pinOf = (...packages: PinnedPackage[]): DebianPin => ({ kind: 'debian', suite: 'trixie', packages });

async function bytesAt(layer: Layer, path: string): Promise<Buffer | undefined> {
  const content = layer.entries.find((entry) => entry.path === path)?.content;
  return content && (await store.read(content));
}

describe('openKernel()', () => {
  test.each(['usr/lib/modules', 'lib/modules'])(
    'gives kernel, modules and their indexes, out of %s',
    async (modules) => {
      const events: ProgressEvent[] = [];
      const pin = pinOf(meta(), kernelPackage(modules), other());
      const layer = await openKernel(pin, { ...options, progress: (event) => events.push(event) });
      const release = `usr/lib/modules/${RELEASE}`;
      expect(layer.package).toEqual({ name: 'linux-image-6.12.1-cloud-amd64', version: '1.0-1' });
      expect(layer.entries.filter(({ type }) => type === 'file').map(({ path }) => path)).toEqual([
        'boot/kernel',
        `${release}/kernel/fs/ext4/ext4.ko`,
        `${release}/kernel/fs/jbd2/jbd2.ko`,
        `${release}/kernel/lib/plain.ko`,
        `${release}/modules.builtin`,
        `${release}/modules.builtin.modinfo`,
        `${release}/modules.order`,
        `${release}/modules.dep`,
        `${release}/modules.alias`,
        `${release}/modules.softdep`,
        `${release}/modules.devname`,
      ]);
      expect((await bytesAt(layer, 'boot/kernel'))?.equals(Buffer.alloc(3_000_000, 'MZ'))).toBe(true);
      expect(await bytesAt(layer, `${release}/kernel/fs/ext4/ext4.ko`)).toEqual(signed);
      expect(await bytesAt(layer, `${release}/kernel/fs/jbd2/jbd2.ko`)).toEqual(jbd2);
      expect((await bytesAt(layer, `${release}/modules.dep`))?.toString()).toBe(
        'kernel/fs/jbd2/jbd2.ko:\nkernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\nkernel/lib/plain.ko:\n',
      );
      expect((await bytesAt(layer, `${release}/modules.alias`))?.toString()).toContain('\nalias fs-ext4 ext4\n');
      const folders = new Set(layer.entries.filter(({ type }) => type === 'directory').map(({ path }) => path));
      for (const { path } of layer.entries) {
        if (path.includes('/')) expect(folders).toContain(path.slice(0, path.lastIndexOf('/')));
      }
      expect(events.at(-1)).toMatchObject({
        step: 'converting linux-image-6.12.1-cloud-amd64 1.0-1',
        done: 6,
        total: 6,
      });
    },
  );

  test('makes it once, the same each time', async () => {
    const pin = pinOf(kernelPackage(), meta());
    const first = await openKernel(pin, options);
    await rm(join(folder, 'mirror'), { recursive: true });
    for (const { digest } of pin.packages) await rm(store.pathOf(digest), { force: true });
    expect(await openKernel(pin, { ...options, offline: true })).toEqual(first);

    await rm(store.directory, { recursive: true });
    await store.close();
    const again = await Store.open(store.directory);
    expect((await openKernel(pinOf(kernelPackage()), { ...options, store: again })).digest).toBe(first.digest);
    await again.close();
  });

  test('gives a kernel without modules', async () => {
    const pinned = buildPackage(folder, { name: 'linux-image-small', files: { 'boot/vmlinuz-6': 'MZ' } });
    const layer = await openKernel(pinOf(pinned), options);
    expect(layer.entries.map(({ path }) => path)).toEqual(['boot', 'boot/kernel']);
  });

  test('throws no-kernel where there is none, naming the packages', async () => {
    await expect(openKernel(pinOf(meta(), other()), options)).rejects.toMatchObject({
      code: 'no-kernel',
      message: expect.stringContaining('linux-image-cloud-amd64, zlib1g'),
    });
    await expect(openKernel(pinOf(other()), options)).rejects.toMatchObject({ code: 'no-kernel' });
  });

  test.each([
    ['malformed', 'a module that is no ELF file', 'fs/bad.ko', Buffer.from('not ELF')],
    ['malformed', 'a module that is cut off', 'fs/bad.ko.xz', xz(signed).subarray(0, 60)],
  ])('throws %s for %s, naming package and module', async (code, _, path, body) => {
    const files = { 'boot/vmlinuz-6': 'MZ', [`usr/lib/modules/6/kernel/${path}`]: body };
    const pinned = buildPackage(folder, { name: 'linux-image-bad', files });
    await expect(openKernel(pinOf(pinned), options)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/linux-image-bad 1\.0-1 .*fs\/bad\.ko/),
    });
  });

  test('throws unsupported for modules of two releases', async () => {
    const files = { 'boot/vmlinuz-6': 'MZ', 'lib/modules/6/a.ko': jbd2, 'lib/modules/7/a.ko': jbd2 };
    const pinned = buildPackage(folder, { name: 'linux-image-two', files });
    await expect(openKernel(pinOf(pinned), options)).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('stops with the reason of an abort', async () => {
    const abort = new AbortController();
    const progress = ({ step }: ProgressEvent) => {
      if (step.startsWith('converting')) abort.abort(new Error('enough'));
    };
    const opening = openKernel(pinOf(kernelPackage()), { ...options, progress, signal: abort.signal });
    await expect(opening).rejects.toThrow('enough');
  });
});
