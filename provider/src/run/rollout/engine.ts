import type { ObservedMachine } from './observed.js';

/** What can make, find and end machines: this host, or a cloud. */
export interface Engine {
  /** All machines of the fleet; of those that this drive is just starting, it may know or not. */
  observe(): Promise<readonly ObservedMachine[]>;
  /**
   * Starts a machine, and resolves when it is healthy.
   * @throws a {@link MachineFailure} if it is not; anything else ends the drive, and says nothing about the digest.
   */
  start(digest: string, options: { signal: AbortSignal; began: (id: string) => void }): Promise<void>;
  /** Resolves when nothing is left of the machine. Stopping one that is gone is no error. */
  stop(id: string, options: { signal: AbortSignal }): Promise<void>;
}

/** A machine did not become healthy, for reasons of its own. */
export class MachineFailure extends Error {}

export interface Clock {
  nowMs(): number;
  /** Resolves after that time, or when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
