import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { type BootFiles, GuestMachine } from './guest-machine.js';

const MIB = 1048576;
const SPEC = {
  disks: [
    { label: 'data', mount: '/var/lib/data' },
    { serial: 'second', label: 'two', mount: '/srv/two' },
    { path: '/dev/vdz', mount: '/srv/three', optional: true },
  ],
  services: [
    script(
      'keeper',
      'echo boot >>/data/boots; { cat /data/boots; df -k /data /two; grep -v " none\\| tmpfs" /proc/mounts; } >/run/facts; exec busybox httpd -f -p 80 -h /run',
      {
        binds: ['/run:/run', '/var/lib/data:/data', '/srv/two:/two'],
        capabilities: ['CAP_NET_BIND_SERVICE'],
      },
    ),
  ],
};

describe('data disks', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64', 'mke2fs', 'dumpe2fs', 'e2fsck'));
  let folder: string;
  let image: BootFiles;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-disks-'));
    image = await imageOf(SPEC);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A disk of zeros. */
  async function empty(name: string, mib: number): Promise<{ path: string; serial: string }> {
    const path = join(folder, name);
    await writeFile(path, '');
    await truncate(path, mib * MIB);
    return { path, serial: name };
  }

  async function formatted(name: string, mib: number, ...options: readonly string[]) {
    const disk = await empty(name, mib);
    run('mke2fs', '-q', '-t', 'ext4', ...options, disk.path);
    return disk;
  }

  function run(command: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    expect(status, `${command}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  }

  /** Boots, takes what the service says, and turns the machine off as a user would. */
  async function facts(disks: readonly { path: string; serial: string }[]): Promise<string> {
    await using machine = await GuestMachine.start(image, { disks });
    expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
    const text = await machine.get('/facts');
    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    expect(await machine.console()).toContain('no disk for /srv/three: there is no /dev/vdz');
    return text;
  }

  test('are formatted once if they are empty, kept, and grown with their disk', async () => {
    const data = await empty('any', 64);
    const second = await formatted('second', 32);
    const first = await facts([second, data]);
    expect(first).toMatch(/^boot\n/);
    expect(first).not.toMatch(/boot\nboot/);
    expect(run('dumpe2fs', '-h', data.path)).toMatch(/^Filesystem volume name: +data$/m);
    run('e2fsck', '-fn', data.path);

    await truncate(data.path, 256 * MIB);
    // In another order, with another one that is empty.
    const again = await facts([data, await empty('spare', 16), second]);
    expect(again).toMatch(/^boot\nboot\n/);
    const kib = (text: string, place: string) => Number(new RegExp(`^\\S+ +(\\d+) .* ${place}$`, 'm').exec(text)?.[1]);
    expect(kib(again, '/data')).toBeGreaterThan(3 * kib(first, '/data'));
    run('e2fsck', '-fn', data.path);
  });

  test('fail the boot where they hold something else, of which not a byte changes, or are missing', async () => {
    const second = await formatted('second', 32);
    const foreign = await empty('foreign', 16);
    const something = Buffer.concat([Buffer.alloc(16 * MIB - 1), Buffer.of(1)]);
    await writeFile(foreign.path, something);
    const report = async (disks: readonly { path: string; serial: string }[]) => {
      await using machine = await GuestMachine.start(image, { disks });
      const said = await machine.report();
      expect(await machine.end()).toBe(0);
      return said;
    };
    expect(await report([second, foreign])).toMatchObject({
      ...{ ingot: 'failed', phase: 'disks' },
      reason: 'there is no disk with a file system labelled data, and none that is empty',
    });
    const two = [await empty('one', 16), await empty('other', 16)];
    expect(await report([...two, second])).toMatchObject({
      reason: 'vda and vdb are both empty, and none has the label data; name one by its serial number',
    });
    const data = await formatted('data', 16, '-L', 'data');
    expect(await report([data, { ...foreign, serial: 'second' }])).toMatchObject({
      reason: 'vdb holds something that is not ext4, and is not empty; it is not formatted',
    });
    expect((await readFile(foreign.path)).equals(something)).toBe(true);
    const broken = await formatted('broken', 16, '-L', 'data');
    for (const request of ['clri <2>', 'set_super_value state 2']) run('debugfs', '-w', '-R', request, broken.path);
    expect(await report([broken, second])).toMatchObject({
      reason: 'the file system of vda is damaged, and e2fsck does not repair it without being asked',
    });
  });
});
