import type { Amount, RolloutStrategy } from '../../model/rollout.js';

/** A strategy in machines, for a fleet of a certain number. */
export interface Limits {
  /** Healthy machines that a roll-out never goes below by its own doing. */
  readonly leastHealthy: number;
  /** Machines of all kinds that it never goes above. */
  readonly most: number;
  readonly canary: number;
  readonly bakeMs: number;
  readonly maxFailures: number;
}

export function limitsOf(strategy: RolloutStrategy, count: number): Limits {
  const unavailable = Math.min(count, machinesIn(strategy.unavailable, { of: count, round: Math.floor }));
  const surge = machinesIn(strategy.surge, { of: count, round: Math.ceil });
  return {
    leastHealthy: count - unavailable,
    // Without either, nothing could ever be replaced.
    most: count + (surge === 0 && unavailable === 0 ? 1 : surge),
    canary: Math.min(count, machinesIn(strategy.canary, { of: count, round: Math.ceil })),
    bakeMs: strategy.bakeSeconds * 1000,
    maxFailures: machinesIn(strategy.maxFailures, { of: count, round: Math.floor }),
  };
}

function machinesIn(amount: Amount, { of, round }: { of: number; round: (value: number) => number }): number {
  return typeof amount === 'number' ? amount : round((Number.parseInt(amount, 10) * of) / 100);
}
