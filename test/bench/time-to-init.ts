import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootArguments, type KernelBoot } from '../../provider/src/run/qemu/boot-source.js';
import { CONSOLE_FILE, type MachinePlan, qemuArguments, READY_FILE } from '../../provider/src/run/qemu/command-line.js';

/** The first program of a machine whose boot is measured: it says so, and does no more. */
export const FIRST_PROGRAM = `#!/usr/bin/busybox sh
/usr/bin/busybox mount -t devtmpfs devtmpfs /dev
echo 'bench: init runs' >/dev/console
while :; do /usr/bin/busybox sleep 3600; done
`;
const SAID = 'bench: init runs';

export interface TimeToInit {
  readonly seconds: number;
  /** Of QEMU, by then: what another program on the machine changes little. */
  readonly cpuSeconds: number;
}

const MEMORY_MIB = 2048;
const LIMIT_SECONDS = 180;
const LOOK_MS = 10;
/** Of `utime` and `stime`: proc_pid_stat(5), fields 14 and 15, which sysconf(3) counts in hundredths of a second. */
const TICKS = 100;

/**
 * From QEMU's start until its first program says that it runs, emulated, with one processor and 2 GiB: half of that is
 * what a kernel unpacks into at most.
 * @throws {Error} with the console, where that takes more than three minutes.
 */
export async function timeToInit(boot: KernelBoot): Promise<TimeToInit> {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-bench-boot-'));
  // QEMU appends.
  for (const name of [CONSOLE_FILE, READY_FILE]) await writeFile(join(folder, name), '');
  const begun = performance.now();
  const child = spawn('qemu-system-x86_64', qemuArguments(planOf(boot)), {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    for (;;) {
      const console = await readFile(join(folder, CONSOLE_FILE), 'latin1');
      const seconds = (performance.now() - begun) / 1000;
      if (console.includes(SAID)) return { seconds, cpuSeconds: await cpuSecondsOf(child) };
      if (child.exitCode !== null || seconds > LIMIT_SECONDS) {
        throw new Error(`no first program after ${seconds.toFixed(0)} s:\n${console}`);
      }
      await sleep(LOOK_MS);
    }
  } finally {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
    await rm(folder, { recursive: true, force: true });
  }
}

function planOf(boot: KernelBoot): MachinePlan {
  const host = { platform: 'linux/amd64', accelerator: 'tcg' } as const;
  return {
    ...{ id: 'bench', uuid: randomUUID(), ...host, forwards: [], sandbox: false },
    machine: { memoryMiB: MEMORY_MIB, cpus: 1, disks: [] },
    boot: bootArguments(boot, host),
  };
}

async function cpuSecondsOf({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Its name, the second field, is in parentheses and may have blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
