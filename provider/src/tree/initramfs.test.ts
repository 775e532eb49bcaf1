import { describe, expect, test } from 'vitest';
import { treeDigest } from '../model/index.js';
import type { AssembleInput } from './assemble-input.js';
import { assembleInitramfs } from './initramfs.js';
import { deb, inputOf, layer, listing, lockOf, program, textIn } from './layers.fixture.js';

const MODULES = 'usr/lib/modules/6.12.1';
const guest = {
  layers: [
    deb('busybox-static', { 'usr/bin/busybox': program('busybox') }),
    deb('dmsetup', { 'sbin/dmsetup': program('dmsetup') }),
    deb('libc6', { 'usr/lib/x86_64-linux-gnu/libc.so.6': program('libc') }),
  ],
  root: { picks: [], files: [] },
  initramfs: {
    picks: [
      { package: 'busybox-static', from: 'usr/bin/busybox' },
      { package: 'dmsetup', from: 'usr/sbin/dmsetup', for: 'verity' },
      { package: 'libc6', from: 'usr/lib/*-linux-gnu/libc.so.6', for: 'verity' },
    ],
    files: [
      { path: 'init', mode: 0o755, bytes: Buffer.from('#!') },
      { path: 'image', mode: 0o755, directory: true },
      { path: 'usr/sbin/modprobe', mode: 0o777, link: '../bin/busybox' },
    ],
  },
} satisfies AssembleInput['guest'];

const DEPENDENCIES: Readonly<Record<string, string>> = {
  'kernel/drivers/block/loop.ko': '',
  'kernel/drivers/block/virtio_blk.ko': '',
  'kernel/drivers/md/dm-bufio.ko': ' kernel/drivers/md/dm-mod.ko',
  'kernel/drivers/md/dm-mod.ko': '',
  'kernel/drivers/md/dm-verity.ko': ' kernel/drivers/md/dm-bufio.ko kernel/drivers/md/dm-mod.ko',
  'kernel/drivers/net/virtio_net.ko': '',
  'kernel/fs/erofs/erofs.ko': ' kernel/lib/libcrc32c.ko',
  'kernel/lib/libcrc32c.ko': '',
};

/** A kernel with these modules, less those that match. */
function kernelWithout(pattern = /^$/) {
  const dependencies = Object.entries(DEPENDENCIES).filter(([path]) => !pattern.test(path));
  return layer(
    {
      'boot/kernel': 'MZ',
      ...Object.fromEntries(dependencies.map(([path]) => [`${MODULES}/${path}`, 'ko'])),
      [`${MODULES}/modules.dep`]: dependencies.map(([path, needs]) => `${path}:${needs}\n`).join(''),
      [`${MODULES}/modules.alias`]: 'alias virtio:d1 virtio_net\nalias virtio:d2 virtio_blk\nalias fs-erofs erofs\n',
      [`${MODULES}/modules.builtin`]: 'kernel/drivers/nvme/host/nvme.ko\n',
    },
    { name: 'linux-image-cloud-amd64', version: '6.12.1-1' },
  );
}

const input = ({ kernel = kernelWithout(), ...rest }: Partial<AssembleInput> = {}) => {
  const spec = { kernel: { image: 'deb:linux-image-cloud-amd64', cmdline: 'quiet' } };
  return inputOf(spec, {}, { lock: lockOf(spec), kernel, guest, ...rest });
};

const modulesIn = (paths: readonly string[]) =>
  paths.filter((path) => path.endsWith('.ko')).map((path) => path.slice(path.lastIndexOf('/') + 1));

describe('assembleInitramfs()', () => {
  test('has what it takes to find and check a root on a disk, and nothing else', async () => {
    const tree = await assembleInitramfs(input(), { root: 'disk', verity: true });
    const entries = listing(tree);
    expect(modulesIn(Object.keys(entries))).toEqual([
      ...['virtio_blk.ko', 'dm-bufio.ko', 'dm-mod.ko', 'dm-verity.ko', 'erofs.ko', 'libcrc32c.ko'],
    ]);
    expect(entries).toMatchObject({
      image: '0755 0:0 directory',
      init: '0755 0:0 2',
      lib64: '-> usr/lib64',
      'usr/bin/busybox': '0755 0:0 7',
      'usr/lib/x86_64-linux-gnu/libc.so.6': '0755 0:0 4',
      'usr/sbin/dmsetup': '0755 0:0 7',
      'usr/sbin/modprobe': '-> ../bin/busybox',
    });
    expect(entries).not.toHaveProperty('boot');
    expect(await textIn(tree, `${MODULES}/modules.alias`)).toBe('alias virtio:d2 virtio_blk\nalias fs-erofs erofs\n');
    expect(await textIn(tree, `${MODULES}/modules.builtin`)).toContain('nvme');
    expect([...new Set(tree.entries.map(({ component }) => component))].sort()).toEqual(['init', 'kernel']);
    expect(treeDigest(await assembleInitramfs(input(), { root: 'disk', verity: true }))).toBe(treeDigest(tree));
  });

  test('leaves out what a root without a check, or in memory, does not need', async () => {
    const disk = listing(await assembleInitramfs(input(), { root: 'disk', verity: false }));
    expect(modulesIn(Object.keys(disk))).toEqual(['virtio_blk.ko', 'erofs.ko', 'libcrc32c.ko']);
    expect(disk).not.toHaveProperty(['usr/sbin/dmsetup']);
    const ram = listing(await assembleInitramfs(input(), { root: 'ram', verity: false }));
    expect(modulesIn(Object.keys(ram))).toEqual(['loop.ko', 'erofs.ko', 'libcrc32c.ko']);
  });

  test.each([
    ['erofs', { root: 'disk', verity: false }],
    ['loop', { root: 'ram', verity: false }],
    ['dm-verity', { root: 'disk', verity: true }],
  ] as const)('refuses a kernel without %s, where that is needed', async (name, options) => {
    const kernel = kernelWithout(new RegExp(`${name}\\.ko`));
    await expect(assembleInitramfs(input({ kernel }), options)).rejects.toThrow(`the kernel has no ${name};`);
  });

  test("refuses to do without Ingot's own init", async () => {
    const { guest: _, ...without } = input();
    await expect(assembleInitramfs(without, { root: 'disk', verity: true })).rejects.toThrow(
      "it needs Ingot's own init; leave `init` out of the spec",
    );
  });
});
