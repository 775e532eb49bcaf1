import { main } from './shell/step.mjs';
import { vitest } from './test/long-run.mjs';
import { longRunOptions } from './test/long-run-options.mjs';

/** `npm run soak [-- --minutes N --seed N FILTER]`: the tests under test/soak, each for that long. */
await main(async () => {
  const { positionals, environment } = longRunOptions('soak', 30);
  const filters = positionals.length > 0 ? positionals : ['test/soak/'];
  return vitest(['--testTimeout=0', '--hideSkippedTests', ...filters], environment);
});
