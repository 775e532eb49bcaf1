import { z } from 'zod';

/** A number of machines, or a share of all of them: `2`, `"25%"`. */
export const Amount = z.union([
  z.int().min(0).max(100_000),
  z.string().regex(/^(100|[1-9]?[0-9])%$/, 'must be a number of machines, or a share of them from "0%" to "100%"'),
]);
export type Amount = z.infer<typeof Amount>;

/** How the machines of a fleet are replaced. Where `surge` and `unavailable` both come to 0, `surge` is 1. */
export const RolloutStrategy = z.strictObject({
  /** How many machines there may be beside the wanted number while they are replaced; a share is rounded up. */
  surge: Amount.default(1),
  /** How many healthy ones may be missing while they are replaced; a share is rounded down. */
  unavailable: Amount.default(0),
  /** How many are replaced first, and have to stay healthy, before the others follow; a share is rounded up. */
  canary: Amount.default(0),
  /** How long the first ones, and in the end all, have to stay healthy. */
  bakeSeconds: z.int().min(0).max(86_400).default(0),
  /** Whether the old machines come back by themselves where a roll-out fails. */
  rollback: z.boolean().default(true),
  /** How many new machines may fail, and be started again, before the roll-out has failed; a share is rounded down. */
  maxFailures: Amount.default(0),
});
export type RolloutStrategy = z.infer<typeof RolloutStrategy>;
