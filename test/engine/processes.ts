import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Only what hangs meets it. */
const LIMIT_MS = 10 * 60_000;

/** The processes that run the resources of a project in a folder, by what Linux says of them; elsewhere none. */
export async function providersOf({ directory }: { readonly directory: string }): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if ((await readlink(`/proc/${name}/cwd`)) !== directory) continue;
      const [program, script] = (await readFile(`/proc/${name}/cmdline`, 'utf8')).split('\0');
      if (program?.endsWith('node') && script?.includes('dynamic-provider')) found.push(Number(name));
    } catch {
      // It has just ended, or is somebody else's.
    }
  }
  return found;
}

/** Resolves to what `look` finds, once that is neither undefined nor false. */
export async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > limit) throw new Error(`It never came to be: ${what}`);
    await sleep(50);
  }
}

/** What `look` finds while a command runs; it is what failed where that ends before. */
export async function during<T>(
  { outcome, text }: { readonly outcome: Promise<unknown>; readonly text: () => string },
  look: () => Promise<T | undefined>,
  what: string,
): Promise<T> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  outcome.then(end, end);
  return until(async () => {
    const wasOver = isOver;
    const found = await look();
    const isFound = found !== undefined && found !== false;
    if (wasOver && !isFound) throw new Error(`It was over before ${what}: ${text()}`);
    return found;
  }, what);
}

/**
 * A process that has ended but was not waited for yet (a zombie) runs no more, once the last of its threads is gone:
 * until then it holds its ports and files.
 */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc_pid_stat(5): after the name in parentheses the state, which is field 3; field 20 is the number of threads.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' || Number(fields[20 - 3]) > 1;
  } catch {
    return false;
  }
}

/** SIGKILL, and resolves once the process is gone. */
export async function kill(pid: number | undefined): Promise<void> {
  if (pid === undefined || !(pid > 0)) throw new Error('There is no process to be killed');
  killAll([pid]);
  await until(async () => !(await isRunning(pid)), `the end of process ${pid}`);
}

/** SIGKILL for each; those that have just ended by themselves are as dead. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
