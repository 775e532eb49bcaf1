import { readFileSync, readlinkSync } from 'node:fs';

/** The host of dynamic resources is started by a shell script, which the engine starts. */
const MAX_GENERATIONS = 4;

/**
 * Whether the command that all this is done for writes to a terminal: where it does not, in a log of a pipeline, each
 * report of progress would stay as a line. True where it cannot be found out.
 */
export function isOnTerminal(start: number = process.ppid): boolean {
  try {
    let pid = start;
    for (let generation = 0; generation < MAX_GENERATIONS; generation++) {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc_pid_stat(5): the name stands in parentheses and may have some itself; then state, and the parent.
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      if (name.startsWith('pulumi') && !name.startsWith('pulumi-')) {
        return /^\/dev\/(pts\/|tty|console)/.test(readlinkSync(`/proc/${pid}/fd/1`));
      }
      pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    }
  } catch {
    // No such files on this system.
  }
  return true;
}
