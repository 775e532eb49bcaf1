/**
 * Kills one process; that it has ended is no error.
 * @throws {RangeError} for no process at all: 0 would be this very one, with all that was started together with it.
 */
export function kill(pid: number | undefined): void {
  if (pid === undefined || !(pid > 1)) throw new RangeError(`Cannot kill process ${pid}: there is none`);
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
