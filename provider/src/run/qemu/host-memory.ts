import { totalmem } from 'node:os';

const MIB = 1 << 20;

/** What this host has for machines and all else. The limit of a container counts as well. */
export function hostMemoryMiB(): number {
  // Where there is no limit Node says 0, or more than there is.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(totalmem(), limit) / MIB);
}
