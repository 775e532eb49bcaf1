import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noise } from '../../provider/src/encode/block-image.fixture.js';
import type { BlockImage } from '../../provider/src/encode/block-image.js';
import { bytesImage } from '../../provider/src/encode/content-blocks.js';
import { encodeDiskImage } from '../../provider/src/encode/disk-image.js';
import { espImage, tightEspSizeBytes } from '../../provider/src/encode/esp-image.js';
import { encodeIsoImage } from '../../provider/src/encode/iso-image.js';
import { encodeQcow2Image } from '../../provider/src/encode/qcow2-image.js';
import { MemoryStore } from '../../provider/src/encode/tree.fixture.js';
import { encodeUki } from '../../provider/src/encode/uki-image.js';
import { type Firmware, findFirmware } from '../../provider/src/run/qemu/firmware.js';
import { debianFiles } from '../conformance/debian-files.js';
import { missingPrograms, skipBecause } from '../skip.js';

const IDENTITY = { name: 'boot', format: 'raw-efi', platform: 'linux/amd64' } as const;
/** The kernel is Debian's, with no root to go on to. */
const LINUX = /Linux version \d/;
/** What it says of a disk that has these four partitions; drivers of NVMe are built into it. */
const PARTITIONS = /nvme0n1: p1 p2 p3 p4\s/;
/** Only a machine that hangs meets it. */
const LIMIT_MS = 800_000;

describe('firmware and Linux', () => {
  let folder: string;
  let firmware: Firmware;
  let uki: BlockImage;
  let reason = missingPrograms('qemu-system-x86_64');
  const at = (name: string) => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-disk-boot-'));
    if (reason !== undefined) return;
    try {
      firmware = await findFirmware('linux/amd64', { qemu: '/usr/bin/qemu-system-x86_64' });
      const files = await debianFiles(['systemd-boot-efi', 'linux-image-cloud-amd64'], {
        follow: /^linux-image-/,
        wanted: /linuxx64\.efi\.stub$|^boot\/vmlinuz-/,
      });
      const [kernel, stub] = [...files.values()].map(bytesImage) as [BlockImage, BlockImage];
      const commandLine = 'console=ttyS0 no_timer_check cryptomgr.notests panic=-1';
      ({ image: uki } = await encodeUki({ stub, kernel, initrds: [], commandLine }, new MemoryStore().context()));
    } catch (error) {
      reason = `no firmware, or no packages of Debian 13: ${(error as Error).message.slice(0, 200)}`;
    }
  });
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  beforeEach((context) => {
    if (reason !== undefined) skipBecause(context, reason);
  });

  const efi = () => [{ path: 'EFI/BOOT/BOOTX64.EFI', image: uki }];
  const disk = () =>
    encodeDiskImage({
      ...IDENTITY,
      metadata: bytesImage(noise(5000, 1)),
      esp: espImage({ ...IDENTITY, files: efi() }),
      verity: bytesImage(noise(4096, 2)),
      root: bytesImage(noise(40_960, 3)),
    });
  /** The boot program lies where a boot catalog cannot count to: its sectors end at 32 MiB. */
  const iso = () => {
    const large = { path: 'A.BIN', image: bytesImage(noise(34 << 20, 4)) };
    const files = [large, ...efi()];
    return encodeIsoImage({ ...IDENTITY, esp: espImage({ ...IDENTITY, files, sizeBytes: tightEspSizeBytes(files) }) });
  };

  /** Never-read parts are full of garbage, as on an encrypted volume that was written without them. */
  async function write(name: string, image: BlockImage): Promise<string> {
    const file = await open(at(name), 'w');
    try {
      await file.truncate(image.sizeBytes);
      const garbage = noise(1 << 20, 9);
      for (const { kind, offset, sizeBytes } of image.extents) {
        for (let done = 0; kind === 'unused' && done < sizeBytes; done += garbage.byteLength) {
          await file.write(garbage, 0, Math.min(garbage.byteLength, sizeBytes - done), offset + done);
        }
      }
      for await (const { offset, bytes } of image.pieces()) await file.write(bytes, 0, bytes.byteLength, offset);
    } finally {
      await file.close();
    }
    return at(name);
  }

  /** What a machine says that has nothing but these devices. It has ended afterwards. */
  async function boot(devices: readonly string[], until: RegExp): Promise<string> {
    await copyFile(firmware.variables, at('vars.fd'));
    await writeFile(at('console'), '');
    const complaints: string[] = [];
    const machine = spawn(
      'qemu-system-x86_64',
      [
        ...['-accel', 'tcg', '-machine', 'q35', '-cpu', 'max,cx16=off', '-m', '512', '-nodefaults'],
        ...['-no-user-config', '-display', 'none', '-no-reboot', '-serial', `file:${at('console')}`],
        ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${firmware.code}`],
        ...['-drive', `if=pflash,format=raw,unit=1,file=${at('vars.fd')}`, ...devices],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    machine.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
    const end = Date.now() + LIMIT_MS;
    try {
      for (;;) {
        const ended = machine.exitCode !== null || machine.signalCode !== null;
        const said = await readFile(at('console'), 'latin1');
        if (until.test(said) || ended) return said + complaints.join('');
        // Without it, a machine that hangs would outlive the test.
        if (Date.now() > end)
          throw new Error(`the machine went on too long: ${said.slice(-2000)}${complaints.join('')}`);
        await sleep(100);
      }
    } finally {
      // The next one writes to the same files, which QEMU locks.
      const gone = new Promise((resolve) => machine.once('close', resolve));
      machine.kill('SIGKILL');
      if (machine.exitCode === null && machine.signalCode === null) await gone;
    }
  }

  test('boot a raw disk, and see its partitions, with garbage in all that is never read', async () => {
    const file = await write('disk.raw', disk());
    const drive = ['-drive', `if=none,id=disk,format=raw,file=${file}`, '-device', 'nvme,drive=disk,serial=1'];
    expect(await boot(drive, PARTITIONS)).toMatch(PARTITIONS);
  });

  test('boot a qcow2 disk, and see its partitions', async () => {
    const file = await write('disk.qcow2', encodeQcow2Image(disk()));
    const drive = ['-drive', `if=none,id=disk,format=qcow2,file=${file}`, '-device', 'nvme,drive=disk,serial=1'];
    expect(await boot(drive, PARTITIONS)).toMatch(PARTITIONS);
  });

  test('boot an ISO image as a CD', async () => {
    const file = await write('cd.iso', iso());
    const drive = `if=none,id=cd,media=cdrom,readonly=on,format=raw,file=${file}`;
    expect(await boot(['-drive', drive, '-device', 'ide-cd,drive=cd'], LINUX)).toMatch(LINUX);
  });

  test('boot an ISO image from a USB stick', async () => {
    const file = await write('stick.iso', iso());
    const drive = ['-drive', `if=none,id=stick,format=raw,file=${file}`];
    const stick = ['-device', 'qemu-xhci', '-device', 'usb-storage,drive=stick'];
    expect(await boot([...drive, ...stick], LINUX)).toMatch(LINUX);
  });
});
