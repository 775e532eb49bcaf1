import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * One process, told apart from every other that had or will have its number. `start` is opaque: on Linux the boot's id
 * and the start time in clock ticks since boot, elsewhere the start time as `ps` prints it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/**
 * The process that now has that number; undefined if there is none, or only a zombie, which holds nothing any more.
 * @throws the system's error where that cannot be found out, such as EMFILE: one that lives must not count as gone.
 */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const start = process.platform === 'linux' ? await linuxStart(pid) : await psStart(pid);
  return start === undefined ? undefined : { pid, start };
}

/** Whether that very process still runs. @throws as identityOf() does. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identityOf(identity.pid))?.start === identity.start;
}

/**
 * Sends a signal to that very process, and to no other that may have its number by now.
 * @returns false if it is gone.
 */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** proc(5), /proc/pid/stat: the second field is the program's name in brackets and may itself hold spaces and brackets. */
async function linuxStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(unlessGone);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[3 - 3];
  const threads = Number(fields[20 - 3]);
  const startTicks = fields[22 - 3];
  // A killed program's first thread can be a zombie while the others still hold its ports and files.
  const zombie = (state === 'Z' || state === 'X') && threads <= 1;
  if (startTicks === undefined || zombie) return undefined;
  return `${await bootId()} ${startTicks}`;
}

async function psStart(pid: number): Promise<string | undefined> {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env });
    const [state, ...start] = stdout.trim().split(/\s+/);
    return state === undefined || state.startsWith('Z') ? undefined : start.join(' ');
  } catch (error) {
    // ps(1) ends with 1 where there is no such process.
    if ((error as { code?: unknown }).code === 1) return undefined;
    throw error;
  }
}

/** Another value after every start of the host. */
export async function bootId(): Promise<string> {
  thisBoot ??= (await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(unlessGone))?.trim() ?? 'unknown';
  return thisBoot;
}

let thisBoot: string | undefined;

/** proc(5): ENOENT before a file of a process is opened, ESRCH where the process ends in between. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (!['ENOENT', 'ENOTDIR', 'EACCES', 'ESRCH'].includes(error.code ?? '')) throw error;
}
