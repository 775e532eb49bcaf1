import type { MachineFile } from './machine-file.js';
import type { RunOptions } from './options.js';
import { isRunning, removeRemains } from './remains.js';
import { stopMachine } from './stop.js';
import { drain } from './take-over.js';

/** Without a successor nothing takes the connections over: what is going on may end, but open sessions are not waited for. */
const LAST_DRAIN_SECONDS = 5;

/**
 * Ends a machine: waits until it serves no connection any more, shuts it down, and removes everything of it.
 * @throws {RunError} `aborted`: it still runs, and serves nothing new.
 */
export async function endMachine(
  machine: MachineFile,
  options: RunOptions & { readonly drainSeconds: number },
): Promise<void> {
  const { signal, progress, drainSeconds } = options;
  if (await isRunning(machine)) {
    progress({ step: 'waiting for its open connections' });
    const limitSeconds = (last: boolean): number => (last ? Math.min(LAST_DRAIN_SECONDS, drainSeconds) : drainSeconds);
    await drain(machine, { ...options, signal, limitSeconds });
    progress({ step: 'shutting down' });
  }
  await stopMachine(machine, { ...options, politely: true });
  await removeRemains(machine, options);
}
