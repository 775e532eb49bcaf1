import { IngotError } from '../model/error.js';

/** Everything that can go wrong between an image and a running machine. */
export type RunErrorCode =
  /** QEMU is not installed. */
  | 'no-qemu'
  /** There is no UEFI firmware on this host. */
  | 'no-firmware'
  /** The accelerator that was asked for is not known. */
  | 'bad-accelerator'
  /** A published port is held by somebody else, or this user may not have it. */
  | 'port-taken'
  /** The image can never pass a probe. */
  | 'bad-probe'
  /** QEMU refused to start. */
  | 'no-start'
  /** The machine ended by itself before it was healthy. */
  | 'died'
  /** The kernel panicked, or could not unpack its first file system. */
  | 'panic'
  /** The guest itself says that it failed. */
  | 'guest-failed'
  /** The machine did not become healthy in its time. */
  | 'unhealthy'
  /** The machine would not end, not even when killed. */
  | 'no-stop'
  /** There is something else where a disk is to be. */
  | 'disk-there'
  /** A disk is not where it was. */
  | 'disk-gone'
  /** A disk would lose what is on it. */
  | 'disk-smaller'
  /** Another machine has the disk. */
  | 'disk-busy'
  /** The caller's signal. */
  | 'aborted'
  /** A machine's record was written by a newer Ingot, or by nobody we know. */
  | 'bad-record'
  /** Reading or writing on this host failed. */
  | 'io';

/** What the `run` stage throws. */
export class RunError extends IngotError<RunErrorCode> {}

/** The errno name of a failed system call (`EADDRINUSE`), if that is what was thrown. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** @throws {RunError} `aborted`, if the caller no longer wants what is being done. */
export function requireWanted(signal: AbortSignal, what: string): void {
  if (signal.aborted) throw aborted(what, signal);
}

export function aborted(what: string, signal: AbortSignal): RunError {
  return new RunError('aborted', `Cannot ${what}: it was cancelled; run the update again`, { cause: signal.reason });
}
