import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { machine as hostMachine, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Architecture, architectureOf, type Platform } from '../../model/platform.js';
import { aborted, RunError } from '../error.js';
import type { RunOptions } from './options.js';
import { probeRom } from './probe-rom.js';
import { bootId } from './process-identity.js';
import { findProgram } from './program.js';
import { writeStateFile } from './state-file.js';

export type Accelerator = 'kvm' | 'hvf' | 'tcg';

/** Emulation is some ten times slower, but most of a start is waiting: so many times as long may one take. */
export const EMULATION_FACTOR = 4;

const ACCELERATORS: readonly string[] = ['kvm', 'hvf', 'tcg'] satisfies Accelerator[];

/**
 * A working accelerator needs milliseconds; emulation about one second; a broken one may never come back. The answer is
 * remembered until the host starts again, so one that is only busy is given its time.
 */
const PROBE_LIMIT_MS = 10_000;

/**
 * The processor that the guest sees: the host's own, or everything that emulation knows. On x86 without CMPXCHG16B:
 * QEMU 7.2 was seen to emulate it so that one boot in dozens ends with wrong flags and an oops somewhere in the kernel.
 * On Arm with signatures of pointers that are quick to make: those of the architecture cost a boot a third of its time.
 */
export function cpuModel(accelerator: Accelerator, architecture: Architecture): string {
  if (accelerator !== 'tcg') return 'host';
  return architecture === 'amd64' ? 'max,cx16=off' : 'max,pauth-impdef=on';
}

/**
 * The fastest way in which this host really runs a guest. Found by running one for a moment, once for a QEMU, a kernel
 * and a start of the host; remembered in the state directory. The environment's INGOT_ACCELERATOR decides without asking.
 * @throws {RunError} `bad-accelerator`, `aborted`.
 */
export async function chooseAccelerator(
  guest: { readonly qemu: string; readonly platform: Platform; readonly limitMs?: number },
  options: Pick<RunOptions, 'stateDirectory' | 'signal' | 'progress'>,
): Promise<Accelerator> {
  const wanted = process.env.INGOT_ACCELERATOR;
  if (wanted !== undefined && wanted !== '' && wanted !== 'auto') {
    if (ACCELERATORS.includes(wanted)) return wanted as Accelerator;
    const known = [...ACCELERATORS, 'auto'].join(', ');
    throw new RunError(
      'bad-accelerator',
      `Cannot choose how to run machines: INGOT_ACCELERATOR is "${wanted}"; it must be one of ${known}`,
    );
  }
  const architecture = architectureOf(guest.platform);
  const candidate = candidateFor(architecture);
  if (candidate === undefined) return 'tcg';

  const file = join(options.stateDirectory, 'accelerator.json');
  const key = await hostKey(guest.qemu, architecture);
  const remembered = await recall(file);
  const known = remembered[key];
  if (known !== undefined) return known;

  options.progress({ step: `trying ${candidate}` });
  const accelerator = (await runsGuest(candidate, { ...guest, signal: options.signal })) ? candidate : 'tcg';
  await writeStateFile(file, { version: 1, known: { ...ofThisBoot(remembered, await bootId()), [key]: accelerator } });
  return accelerator;
}

/** Runs the probe's guest. False if it did not run to its end in time; nothing of it is left in any case. */
export async function runsGuest(
  accelerator: Accelerator,
  guest: {
    readonly qemu: string;
    readonly platform: Platform;
    readonly signal: AbortSignal;
    readonly limitMs?: number;
  },
): Promise<boolean> {
  const architecture = architectureOf(guest.platform);
  const rom = probeRom(architecture);
  const folder = await mkdtemp(join(tmpdir(), 'ingot-probe-'));
  try {
    await writeFile(join(folder, 'rom'), rom.bytes);
    const status = await exitStatus(
      guest.qemu,
      [
        ...['-accel', accelerator, '-cpu', cpuModel(accelerator, architecture), ...rom.machine, '-bios', 'rom'],
        ...['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
      ],
      { folder, signal: guest.signal, limitMs: guest.limitMs ?? PROBE_LIMIT_MS },
    );
    return status === rom.exitStatus;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined where nothing but emulation can run that architecture. */
function candidateFor(architecture: Architecture): Accelerator | undefined {
  const host = { x86_64: 'amd64', aarch64: 'arm64', arm64: 'arm64' }[hostMachine()];
  if (host !== architecture) return undefined;
  if (process.platform === 'darwin') return 'hvf';
  return process.platform === 'linux' ? 'kvm' : undefined;
}

async function exitStatus(
  program: string,
  args: readonly string[],
  { folder, signal, limitMs }: { folder: string; signal: AbortSignal; limitMs: number },
): Promise<number | null> {
  // SIGKILL, since a guest that hangs in the accelerator also keeps QEMU from handling SIGTERM; and timeout(1) where
  // there is one, so that nothing stays even if this very process is killed.
  const guard = await findProgram('timeout');
  if (signal.aborted) throw aborted('try the accelerator', signal);
  const guarded = guard === undefined ? [program] : [guard, '-s', 'KILL', String(Math.ceil(limitMs / 1000)), program];
  const child = spawn(guarded[0] ?? program, [...guarded.slice(1), ...args], {
    cwd: folder,
    stdio: 'ignore',
    env: { PATH: process.env.PATH },
    detached: true,
  });
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  };
  const timer = setTimeout(kill, limitMs);
  signal.addEventListener('abort', kill);
  process.on('exit', kill);
  try {
    const status = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('exit', (code) => resolve(code));
    });
    if (signal.aborted) throw aborted('try the accelerator', signal);
    return status;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    process.off('exit', kill);
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** All that the answer depends on; begins with the boot, so that entries of earlier ones can be dropped. */
async function hostKey(qemu: string, architecture: Architecture): Promise<string> {
  const { size, mtimeMs } = await stat(qemu);
  return [await bootId(), release(), architecture, qemu, size, Math.floor(mtimeMs)].join(' ');
}

type Remembered = Readonly<Record<string, Accelerator>>;

async function recall(file: string): Promise<Remembered> {
  try {
    const { version, known } = JSON.parse(await readFile(file, 'utf8')) as { version?: unknown; known?: Remembered };
    if (version !== 1 || typeof known !== 'object' || known === null) return {};
    return Object.fromEntries(Object.entries(known).filter(([, value]) => ACCELERATORS.includes(value)));
  } catch {
    // Not there yet, or damaged: the probe is cheap enough to be run again.
    return {};
  }
}

function ofThisBoot(remembered: Remembered, boot: string): Remembered {
  return Object.fromEntries(Object.entries(remembered).filter(([key]) => key.startsWith(`${boot} `)));
}
