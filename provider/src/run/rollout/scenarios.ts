import { RolloutStrategy } from '../../model/rollout.js';
import type { Scenario, World } from './simulation.js';

/** A cloud on an ordinary day: machines take a minute, some ten, a few never come, and spot capacity is taken back. */
const ORDINARY: World = {
  pendingSeconds: [2, 15],
  bootSeconds: [20, 60],
  slowShare: 0.01,
  failShare: 0.003,
  newFailShare: 0.003,
  newSickShare: 0,
  newSickSeconds: 0,
  interruptedHourly: 0.02,
  drainSeconds: 10,
};

/** What the new image is like. */
export const WORLDS: Readonly<Record<string, World>> = {
  good: ORDINARY,
  'never healthy': { ...ORDINARY, newFailShare: 1 },
  'fails after a minute': { ...ORDINARY, newSickShare: 1, newSickSeconds: 60 },
  'fails one time in five': { ...ORDINARY, newFailShare: 0.2 },
};

const strategy = (given: Partial<RolloutStrategy>): RolloutStrategy => RolloutStrategy.parse(given);

export const STRATEGIES: Readonly<Record<string, RolloutStrategy>> = {
  'surge 10%': strategy({ surge: '10%', maxFailures: '2%' }),
  'unavailable 10%': strategy({ surge: 0, unavailable: '10%', maxFailures: '2%' }),
  'surge 25%, unavailable 10%': strategy({ surge: '25%', unavailable: '10%', maxFailures: '2%' }),
  'surge 10%, canary 1%, bake 5 min': strategy({
    ...{ surge: '10%', canary: '1%', bakeSeconds: 300, maxFailures: '2%' },
  }),
  'surge 100%': strategy({ surge: '100%', maxFailures: '2%' }),
};

/** Four hours of waiting are an answer, too. */
export function scenario(count: number, { world, strategy }: { world: World; strategy: RolloutStrategy }): Scenario {
  return { count, world, strategy, startSeconds: 180, everySeconds: 5, limitSeconds: 4 * 3600 };
}
