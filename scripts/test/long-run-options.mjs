import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { StepError } from '../shell/step.mjs';

/**
 * `--minutes` and `--seed` of `npm run soak` and `npm run fuzz`, as the environment that test/budget.ts reads; prints
 * them, so that a failure can be repeated.
 */
export function longRunOptions(name, defaultMinutes) {
  const options = { minutes: { type: 'string' }, seed: { type: 'string' } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const minutes = number(name, 'minutes', values.minutes ?? defaultMinutes);
  const seed = number(name, 'seed', values.seed ?? randomInt(2 ** 31));
  console.log(`npm run ${name} -- --minutes ${minutes} --seed ${seed} ${positionals.join(' ')}`.trimEnd());
  return { positionals, environment: { INGOT_LONG_MINUTES: String(minutes), INGOT_LONG_SEED: String(seed) } };
}

function number(name, option, value) {
  const result = Number(value);
  if (Number.isFinite(result) && result >= 0) return result;
  throw new StepError(`npm run ${name}`, { what: `--${option} ${value} is not a number` });
}
