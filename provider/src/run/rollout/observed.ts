import type { RolloutStrategy } from '../../model/rollout.js';

/**
 * What a machine is, to a plan.
 * - `pending`: asked for, and not there yet; `booting`: there, and not healthy yet.
 * - `healthy`: serves. `unhealthy`: does not, and will not.
 * - `draining`: is being ended; `gone`: has ended.
 */
export type Phase = 'pending' | 'booting' | 'healthy' | 'unhealthy' | 'draining' | 'gone';

export interface ObservedMachine {
  readonly id: string;
  /** Of what it is made: machines with the same digest are the same. */
  readonly digest: string;
  readonly phase: Phase;
  /** Since when it has been in this phase. */
  readonly sinceMs: number;
}

/** A machine that did not become healthy, or did not stay it while its roll-out went on. */
export interface Failure {
  readonly digest: string;
  /** In words for a person. */
  readonly reason: string;
}

/** A digest that has failed to roll out: no machine is made of it again. */
export type Rejection = Failure;

/** All that a plan is made from. Times are milliseconds of one clock, whichever. */
export interface Observed {
  readonly machines: readonly ObservedMachine[];
  readonly wanted: { readonly digest: string; readonly count: number };
  /** What the fleet consisted of before, and goes back to; undefined: it is new. */
  readonly previous?: string | undefined;
  readonly strategy: RolloutStrategy;
  /** A machine that takes longer than this from `booting` to `healthy` has failed. Default: whoever observes decides. */
  readonly startSeconds?: number | undefined;
  readonly happened: {
    readonly rejected: readonly Rejection[];
    /** Of this roll-out: machines that are gone because they failed, in the order in which they did. */
    readonly failures: readonly Failure[];
  };
  readonly nowMs: number;
}
