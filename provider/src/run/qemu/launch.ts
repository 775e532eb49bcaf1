import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunError, requireWanted } from '../error.js';
import { type MachinePlan, qemuArguments } from './command-line.js';
import { lastLinesOf } from './console-text.js';
import { identityOf, type ProcessIdentity } from './process-identity.js';
import { withQmp } from './qmp.js';

/** QEMU answers within a tenth of a second; a host that swaps needs longer. */
const ANSWER_LIMIT_MS = 60_000;
const ASK_AGAIN_MS = 20;

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

  get noSandbox(): boolean {
    return /sandbox|seccomp/i.test(this.message);
  }
}

/**
 * Starts QEMU in the machine's folder and waits until it answers.
 * @param started is told of the process before anything else, so that it can be found again.
 * @throws {LaunchFailure} if it ends at once; {RunError} `aborted`, `no-start`. It may still run then.
 */
export async function launch(
  qemu: string,
  plan: MachinePlan,
  {
    folder,
    signal,
    started,
  }: { folder: string; signal: AbortSignal; started: (process: ProcessIdentity) => Promise<void> },
): Promise<Launched> {
  const what = `start machine ${plan.id}`;
  requireWanted(signal, what);
  const logFile = join(folder, 'qemu.log');
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(qemu, qemuArguments(plan), {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: environment(),
  });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (status, by) => {
    ended = by === null ? `exit status ${status}` : `signal ${by}`;
  });
  child.unref();

  const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
  if (identity !== undefined) await started(identity);
  const deadlineMs = performance.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const answered = await withQmp({ folder, uuid: plan.uuid }, async () => true);
    if (answered === true && identity !== undefined) return { identity, ended: () => ended };
    if (ended !== undefined) throw new LaunchFailure((await lastLinesOf(logFile, 5)).join('\n') || ended);
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
