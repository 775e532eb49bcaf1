import { endMachine } from './end.js';
import type { PortOwner } from './forwarder-protocol.js';
import { type MachineFile, readMachineFiles } from './machine-file.js';
import type { RunOptions } from './options.js';
import { sameOwner } from './port-check.js';

/** Machines of an owner, oldest first, but for one; not those of fleets, which know their own. */
export async function siblingsOf(
  { id, owner }: { readonly id?: string; readonly owner: PortOwner },
  { stateDirectory }: Pick<RunOptions, 'stateDirectory'>,
): Promise<MachineFile[]> {
  const all = await readMachineFiles(stateDirectory);
  return all.filter((other) => other.id !== id && other.fleet === undefined && sameOwner(other.owner, owner));
}

/**
 * Ends what interrupted updates have left of an owner's machines: all but `self` and those that somebody still knows.
 * An update that was killed between a machine's start and the writing of the state leaves one that nobody knows.
 * @throws {RunError} `aborted`, `no-stop`; what is left then is a stray also the next time.
 */
export async function endStrays(
  self: { readonly id?: string; readonly owner: PortOwner },
  { known, ...options }: RunOptions & { readonly known: readonly string[]; readonly drainSeconds: number },
): Promise<void> {
  for (const stray of await siblingsOf(self, options)) {
    if (!known.includes(stray.id)) await endMachine(stray, options);
  }
}
