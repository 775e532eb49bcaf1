import { type Lock, lockDigest } from '../model/lock.js';

/** The kernel command line: what the spec says, and the one name of the image, which the guest reports when it is ready. */
export function commandLineOf(lock: Lock): string {
  return `${lock.spec.kernel?.cmdline ?? ''} ingot.image=${lockDigest(lock)}`.trim();
}
