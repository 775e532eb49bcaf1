/**
 * How much a seeded long-running test does: a little in `npm test`, as much as was asked for in `npm run soak` and
 * `npm run fuzz`. The same seed and the same number of rounds do the same.
 */
export interface Budget {
  readonly seed: number;
  /** When to stop, in milliseconds since the start; Infinity where `rounds` alone decides. */
  readonly durationMs: number;
  /** How many rounds at the most. */
  readonly rounds: number;
}

/** @param rounds how many rounds `npm test` makes */
export function budget(rounds: number): Budget {
  const minutes = numberFrom('INGOT_LONG_MINUTES');
  return {
    seed: numberFrom('INGOT_LONG_SEED') ?? 1,
    durationMs: minutes === undefined ? Number.POSITIVE_INFINITY : minutes * 60_000,
    rounds: minutes === undefined ? rounds : Number.POSITIVE_INFINITY,
  };
}

/** Calls `round` with 0, 1, 2, … until the budget is spent. Resolves to the number of rounds made. */
export async function spend(budget: Budget, round: (index: number) => Promise<void> | void): Promise<number> {
  const end = performance.now() + budget.durationMs;
  let index = 0;
  while (index < budget.rounds && performance.now() < end) await round(index++);
  return index;
}

function numberFrom(variable: string): number | undefined {
  const value = process.env[variable];
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!Number.isFinite(number)) throw new RangeError(`Cannot use ${variable}: "${value}" is not a number`);
  return number;
}
