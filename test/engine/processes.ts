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

/** Whether `look` finds something before `end` comes: on a busy host a moment can pass before anybody has looked. */
export async function seenBefore(end: Promise<unknown>, look: () => Promise<unknown>): Promise<boolean> {
  let isOver = false;
  void end.finally(() => {
    isOver = true;
  });
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return true;
    if (isOver) return false;
    await sleep(50);
  }
}

/** A process that has ended but was not waited for yet (a zombie) runs no more. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[1] !== 'Z';
  } catch {
    return false;
  }
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
