import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './setup/build.mjs';
import { root } from './shell/paths.mjs';
import { main, StepError } from './shell/step.mjs';

/**
 * `node scripts/simulate.mjs [--machines N] [--seed N]`: rolls a simulated fleet with every strategy to images that are
 * good and bad, and prints how long each takes and its worst moment, as Markdown for docs/fleets.md.
 */
await main(async () => {
  const options = { machines: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } };
  const { values } = parseArgs({ options });
  const [count, seed] = [Number(values.machines), Number(values.seed)];
  if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
    throw new StepError('simulate', { what: '--machines and --seed must be whole numbers' });
  }
  await build();
  const rollout = join(root, 'provider/dist/run/rollout');
  const require = createRequire(import.meta.url);
  const { simulate } = require(join(rollout, 'simulation.js'));
  const { STRATEGIES, WORLDS, scenario } = require(join(rollout, 'scenarios.js'));
  const { randomFrom } = require(join(rollout, 'random.js'));

  console.log(`${count} machines, seed ${seed}\n`);
  console.log('| the new image | strategy | ends | after | lowest healthy | most machines | started | interrupted |');
  console.log('|---|---|---|---|---|---|---|---|');
  let sound = true;
  for (const [kind, world] of Object.entries(WORLDS)) {
    for (const [name, strategy] of Object.entries(STRATEGIES)) {
      const result = simulate(scenario(count, { world, strategy }), randomFrom(seed));
      const { outcome, seconds, leastHealthy, mostMachines, started, interrupted, violations } = result;
      const share = `${leastHealthy} (${((leastHealthy / count) * 100).toFixed(1)} %)`;
      const cells = [kind, name, outcome, duration(seconds), share, mostMachines, started, interrupted];
      console.log(`| ${cells.join(' | ')} |`);
      for (const violation of violations.slice(0, 5)) console.error(`${kind}, ${name}: ${violation}`);
      sound &&= violations.length === 0 && outcome !== 'stuck';
    }
  }
  return sound ? 0 : 1;
});

function duration(seconds) {
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
