import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { type BootFiles, GuestMachine, HANGS_MS } from './guest-machine.js';

const MIB = 1048576;
/** Kept of each log. */
const LOG_BYTES = 65536;
/** Leaves in `boot` which one this is, as the kernel command line says: the logs of the one before say another. */
const READ_BOOT = "boot=$(grep -o ' boot=[0-9]' /proc/cmdline | cut -d = -f 2)";
const stepSays = (boot: number): string => `of boot ${boot}\ntouch: /disk/ingot-log/x: Read-only file system\n`;
const lastLine = (boot: number): string => `boot ${boot} line 0010000\n`;
const SPEC = {
  disks: [{ label: 'logs', mount: '/var/lib/logs', logBytes: LOG_BYTES, optional: true }],
  onboot: [
    // One that may write to the disk.
    script('step', `${READ_BOOT}; echo of boot $boot; touch /disk/ingot-log/x 2>&1; ls /disk/ingot-log`, {
      binds: ['/var/lib/logs:/disk'],
      runtime: { mkdir: ['/var/lib/logs/ingot-log'] },
    }),
  ],
  services: [
    // 20 bytes a line, 200000 in all.
    script(
      'talker',
      `${READ_BOOT}; n=0
      while [ $n -lt 10000 ]; do n=$((n + 1)); printf "boot $boot line %07d\\n" $n; done; exec sleep 1000000`,
    ),
    // As a shipper has them.
    script('web', 'exec busybox httpd -f -p 80 -h /log', {
      binds: ['/run/log:/log:ro'],
      capabilities: ['CAP_NET_BIND_SERVICE'],
    }),
  ],
};

describe('a disk with logs', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64', 'mke2fs', 'debugfs', 'dumpe2fs', 'e2fsck'));
  let folder: string;
  let image: BootFiles;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-log-disk-'));
    image = await imageOf(SPEC);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function empty(mib: number): Promise<{ path: string; serial: string }> {
    const path = join(folder, `${mib}`);
    await writeFile(path, '');
    await truncate(path, mib * MIB);
    return { path, serial: 'logs' };
  }

  function run(command: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    expect(status, `${command}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  }

  /** Waits for all that the step and `talker` say, and turns the machine off. What that said last, and what before. */
  async function talks(
    machine: GuestMachine,
    boot: number,
  ): Promise<{ readonly now: string; readonly before: string }> {
    expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
    const said = (path: string) => expect.poll(() => machine.get(path), { timeout: HANGS_MS });
    await said('/000-step.log').toMatch(new RegExp(`^of boot ${boot}\n[^]*\n$`));
    await said('/talker.log').toContain(lastLine(boot));
    const logs = { now: await machine.get('/talker.log'), before: await machine.get('/talker.log.1') };
    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);
    return logs;
  }

  test('has the newest of each, within bounds, which outlive the machine', async () => {
    const disk = await empty(64);
    for (const boot of [1, 2]) {
      await using machine = await GuestMachine.start(image, { disks: [disk], append: `boot=${boot}` });
      const { now, before } = await talks(machine, boot);
      expect(run('debugfs', '-R', 'cat /ingot-log/000-step.log', disk.path)).toBe(stepSays(boot));
      expect(run('debugfs', '-R', 'ls -p /ingot-log', disk.path)).not.toContain('planted');
      expect(before).toHaveLength(LOG_BYTES / 2);
      expect(now.length).toBeLessThanOrEqual(LOG_BYTES / 2);
      expect((before + now).endsWith(`\n${lastLine(boot)}`)).toBe(true);
      run('e2fsck', '-fn', disk.path);
      expect(run('debugfs', '-R', 'cat /ingot-log/talker.log', disk.path)).toBe(now);
      expect(run('debugfs', '-R', 'cat /ingot-log/talker.log.1', disk.path)).toBe(before);
      expect(run('debugfs', '-R', 'cat /ingot-log/000-step.log.1', disk.path)).toBe(boot === 1 ? '' : stepSays(1));
      for (const request of ['symlink /ingot-log/planted.log /run/secrets', 'mkdir /ingot-log/planted']) {
        run('debugfs', '-w', '-R', request, disk.path);
      }
    }
  });

  test('that is full loses lines, and that is not there leaves them in memory', async () => {
    const full = await empty(8);
    run('mke2fs', '-q', '-t', 'ext4', '-m', '0', '-L', 'logs', full.path);
    const filling = join(folder, 'filling');
    await writeFile(filling, Buffer.alloc(8 * MIB, 'x'));
    run('debugfs', '-w', '-R', 'mkdir ingot-log', full.path);
    // As much as there is room for.
    spawnSync('debugfs', ['-w', '-R', `write ${filling} filling`, full.path]);
    spawnSync('e2fsck', ['-fy', full.path]);
    expect(run('dumpe2fs', '-h', full.path)).toMatch(/^Free blocks: +0$/m);
    await using machine = await GuestMachine.start(image, { disks: [full] });
    expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
    expect(await machine.console()).not.toContain('no disk for');
    // It is another one each second, which for a moment is none.
    await expect.poll(() => machine.get('/talker.log'), { timeout: HANGS_MS }).not.toContain('404');
    await machine.pressPowerButton();
    expect(await machine.end()).toBe(0);

    await using without = await GuestMachine.start(image, { append: 'boot=1' });
    const { now } = await talks(without, 1);
    // Half of what is kept where nothing else is said.
    expect(now).toMatch(/^boot 1 line 0000001\n/);
    expect(await without.console()).toContain('no disk for /var/lib/logs: ');
  });
});
