import { setImmediate } from 'node:timers/promises';

/** Longer than this, nobody waits for others to have their turn. */
const TURN_MS = 10;

/**
 * Small reads are made at once, and what is made of them comes in between: without a pause, a build would keep
 * everybody else on the event loop waiting, such as who hears that it is to be cancelled.
 */
export class Turns {
  #lastMs = performance.now();

  /** To be awaited between two pieces of work. Costs nothing when others had their turn a moment ago. */
  give(): Promise<void> | undefined {
    return performance.now() - this.#lastMs < TURN_MS ? undefined : this.#pause();
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#lastMs = performance.now();
  }
}
