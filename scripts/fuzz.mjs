import { main } from './shell/step.mjs';
import { vitest } from './test/long-run.mjs';
import { longRunOptions } from './test/long-run-options.mjs';

/** `npm run fuzz [-- --minutes N --seed N FILTER]`: the tests under test/fuzz, each for that long. */
await main(async () => {
  const { positionals, environment } = longRunOptions('fuzz', 10);
  const filters = positionals.length > 0 ? positionals : ['test/fuzz/'];
  return vitest(['--testTimeout=0', '--hideSkippedTests', ...filters], environment);
});
