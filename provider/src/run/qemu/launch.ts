import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError, requireWanted } from '../error.js';
import { BootFailure, endedByItself } from './boot.js';
import { LOG_FILE, type MachinePlan, qemuArguments } from './command-line.js';
import { lastLinesOf } from './console-text.js';
import { identityOf, type ProcessIdentity } from './process-identity.js';
import { withQmp } from './qmp.js';

/** QEMU answers within a tenth of a second; a host that swaps needs longer. */
const ANSWER_LIMIT_MS = 60_000;
const ASK_AGAIN_MS = 20;
const KILLED = 'signal SIGKILL';

/** A QEMU that was started here, and goes on when this process ends. */
export interface Launched {
  readonly identity: ProcessIdentity;
  /** How it ended, once it has: `exit status 1`, `signal SIGKILL`. */
  readonly ended: () => string | undefined;
}

/** Why QEMU did not start, in its own words; tells the reasons apart that have a remedy. */
export class LaunchFailure extends Error {
  get portTaken(): boolean {
    return /Could not set up host forwarding rule/.test(this.message);
  }

  get diskBusy(): boolean {
    return /Failed to get "\w+" lock/.test(this.message);
  }

  get noSandbox(): boolean {
    return /sandbox|seccomp/i.test(this.message);
  }
}

/**
 * Starts QEMU in the machine's folder and waits until it answers.
 * @param found is told of the process before anything else, so that it can be found again.
 * @throws {LaunchFailure} if it refuses; {BootFailure} `died` if it is killed, or its guest ends it at once; {RunError}
 *   `aborted`, `no-start`. Then it does not run any more.
 */
export async function launch(
  qemu: string,
  plan: MachinePlan,
  options: { folder: string; signal: AbortSignal; found: (process: ProcessIdentity) => Promise<void> },
): Promise<Launched> {
  requireWanted(options.signal, `start machine ${plan.id}`);
  const log = openSync(join(options.folder, LOG_FILE), 'w', 0o600);
  const child = spawn(qemu, qemuArguments(plan), {
    cwd: options.folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: environment(),
  });
  closeSync(log);
  let ended: string | undefined;
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      ended = error.message;
      resolve();
    });
    child.once('exit', (status, by) => {
      ended = by === null ? `exit status ${status}` : `signal ${by}`;
      resolve();
    });
  });
  child.unref();
  try {
    const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
    if (identity !== undefined) await options.found(identity);
    await untilAnswered(plan, { ...options, ended: () => ended });
    // It has ended, or we could not look at it at all: then there is no machine to find again.
    if (identity === undefined && ended === 'exit status 0') throw new BootFailure('died', endedByItself(ended));
    if (identity === undefined) throw new LaunchFailure(ended ?? 'its process cannot be seen');
    return { identity, ended: () => ended };
  } catch (error) {
    child.kill('SIGKILL');
    await end;
    throw error;
  }
}

async function untilAnswered(
  { id, uuid }: MachinePlan,
  { folder, signal, ended }: { folder: string; signal: AbortSignal; ended: Launched['ended'] },
): Promise<void> {
  const what = `start machine ${id}`;
  const deadlineMs = performance.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const answered = await withQmp({ folder, uuid }, async () => true);
    // With status 0 the guest has ended QEMU already, before we could ask: then it did start.
    if (answered === true || ended() === 'exit status 0') return;
    // QEMU refuses nothing when somebody else ends it, such as a host without memory; it ran, if not for long.
    if (ended() === KILLED) throw new BootFailure('died', endedByItself(KILLED));
    if (ended() !== undefined) {
      throw new LaunchFailure((await lastLinesOf(join(folder, LOG_FILE), 5)).join('\n') || ended());
    }
    requireWanted(signal, what);
    if (performance.now() > deadlineMs) {
      throw new RunError('no-start', `Cannot ${what}: QEMU does not answer; is this host overloaded?`);
    }
    await sleep(ASK_AGAIN_MS);
  }
}

/** Nothing else of ours: the environment may hold credentials, and the process lives long. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, ...(HOME ? { HOME } : {}), ...(TMPDIR ? { TMPDIR } : {}) };
}
