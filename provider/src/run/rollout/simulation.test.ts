import { describe, expect, test } from 'vitest';
import { randomFrom } from './random.js';
import { STRATEGIES, scenario, WORLDS } from './scenarios.js';
import { simulate } from './simulation.js';

const COUNT = 300;

// scripts/simulate.mjs does the same with 10,000 machines.
describe.each(Object.entries(STRATEGIES))('simulate() with %s', (_name, strategy) => {
  test.each(Object.entries(WORLDS))('ends, and keeps its promises, for an image that is %s', (kind, world) => {
    const result = simulate(scenario(COUNT, { world, strategy }), randomFrom(7));
    expect(result.violations).toEqual([]);
    expect(result.outcome).toBe(kind === 'good' ? 'done' : 'rolled back');
  });
});

test('simulate() gives the same for the same seed', () => {
  const [strategy] = Object.values(STRATEGIES);
  const world = WORLDS.good;
  if (strategy === undefined || world === undefined) throw new Error('no scenario');
  const run = (seed: number) => simulate(scenario(COUNT, { world, strategy }), randomFrom(seed));
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});
