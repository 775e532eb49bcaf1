import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { type DiskRoot, diskRootOf } from './disk-root.js';
import { script } from './guest-image.js';
import { GuestMachine } from './guest-machine.js';

const BLOCK_BYTES = 4096;
const SPEC = {
  onboot: [
    script(
      'facts',
      'grep " / \\| /var \\| /tmp " /proc/1/mounts >/run/facts; [ ! -w /proc/1/root/etc ] || echo writable',
      {
        binds: ['/run:/run'],
        pid: 'host',
        capabilities: ['all'],
      },
    ),
  ],
  services: [
    script('web', 'exec busybox httpd -f -p 80 -h /run', {
      binds: ['/run:/run'],
      capabilities: ['CAP_NET_BIND_SERVICE'],
    }),
  ],
  files: [
    { path: 'var/lib/data/file', contents: 'of the image', mode: '0644' },
    { path: 'etc/marked', contents: `${'this is what is changed '.repeat(200)}`, mode: '0644' },
    // Blocks of zeros, which are never read.
    { path: 'etc/zeros', contents: '\0'.repeat(5 * BLOCK_BYTES), mode: '0644' },
  ],
};

describe('a root on a disk', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64', 'mkfs.erofs', 'veritysetup'));
  let folder: string;
  let root: DiskRoot;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-disk-root-'));
    root = await diskRootOf(SPEC, folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const drive = (file: string) => ['-drive', `file=${file},if=none,id=root,format=raw,readonly=on`];
  const nvme = (file: string) => [...drive(file), '-device', 'nvme,drive=root,serial=1'];

  test('is checked block by block; what is in blocks of zeros does not matter', async () => {
    const disk = await readFile(root.disk);
    const { length } = await readFile(root.erofs);
    let filled = 0;
    for (let at = root.rootOffset; at < root.rootOffset + length; at += BLOCK_BYTES) {
      const block = disk.subarray(at, at + BLOCK_BYTES);
      if (block.some((byte) => byte !== 0)) continue;
      randomFillSync(block);
      filled += 1;
    }
    expect(filled).toBeGreaterThanOrEqual(5);
    await writeFile(join(folder, 'filled'), disk);
    await using machine = await GuestMachine.start(root.verity, { devices: nvme(join(folder, 'filled')) });
    const report = await machine.report();
    expect(report, await machine.console()).toMatchObject({ ingot: 'ready', services: { web: 'running' } });
    expect(Object.keys(report.phases ?? {}).slice(0, 4)).toEqual(['kernel', 'disk', 'modules', 'root']);
    const mounts = (await machine.get('/facts')).split('\n').map((line) => line.split(' ').slice(0, 3).join(' '));
    expect(mounts).toEqual(['/dev/mapper/root / erofs', 'tmpfs /tmp tmpfs', 'overlay /var overlay', '']);
    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
  });

  test('ends the machine where one bit of it is wrong', async () => {
    const disk = await readFile(root.disk);
    const at = disk.indexOf('# PID 1, second half');
    disk.writeUInt8(disk.readUInt8(at) ^ 1, at);
    await writeFile(join(folder, 'flipped'), disk);
    await using machine = await GuestMachine.start(root.verity, { devices: nvme(join(folder, 'flipped')) });
    await machine.sees(/Kernel panic - not syncing: dm-verity device corrupted/);
    expect(await machine.end()).toBe(0);
    expect(await machine.console()).not.toContain('"ready"');
  });

  test('is found on a SCSI disk beside other disks, and on a virtio disk by its serial number', async () => {
    await writeFile(join(folder, 'empty'), Buffer.alloc(1048576));
    const devices = [...drive(root.disk), '-device', 'virtio-scsi-pci', '-device', 'scsi-hd,drive=root'];
    const disks = [{ path: join(folder, 'empty'), serial: 'other' }];
    await using scsi = await GuestMachine.start(root.verity, { devices, disks });
    expect(await scsi.report(), await scsi.console()).toMatchObject({ ingot: 'ready' });
    const virtio = [...drive(root.erofs), '-device', `virtio-blk-pci,drive=root,serial=${root.serial}`];
    await using plain = await GuestMachine.start(root.plain, { devices: virtio });
    expect(await plain.report(), await plain.console()).toMatchObject({ ingot: 'ready' });
  });

  test('can be carried in the initramfs', async () => {
    await using machine = await GuestMachine.start(root.ram);
    expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
    expect(await machine.get('/facts')).toMatch(/^\/dev\/loop0 \/ erofs ro,/);
  });

  test('fails the boot where it is not there, or is something else', async () => {
    await using missing = await GuestMachine.start(root.plain);
    await using other = await GuestMachine.start(root.plain, {
      disks: [{ path: join(folder, 'disk'), serial: root.serial }],
    });
    expect(await other.report()).toMatchObject({
      ...{ ingot: 'failed', phase: 'disk', reason: 'cannot mount the root file system from /dev/vda' },
    });
    expect(await missing.report()).toMatchObject({
      ...{ ingot: 'failed', phase: 'disk', reason: 'no disk ingot-root within 30 s; here are:' },
    });
    expect(await missing.end()).toBe(0);
  });
});
