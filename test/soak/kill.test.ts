import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { budget, spend } from '../budget.js';
import { gatedQuickstart } from '../engine/gates.js';
import { killableUp } from '../engine/killed-engine.js';
import { until } from '../engine/processes.js';
import type { Project } from '../engine/project.js';

const STEP_MS = 250;
/** Of an update, which takes about ten seconds where nothing else runs. */
const STEPS = 48;

let project: Project;
let url: string;
beforeAll(async () => {
  project = await gatedQuickstart();
  url = `http://127.0.0.1:${await project.choosePort()}`;
});
afterAll(() => project.remove());

/** One round in `npm test`, as many as there is time for in `npm run soak`. */
test('the engine is killed at any moment of a replacement: the next update converges', async () => {
  await converges('immutable machine');
  await spend(budget(1), async (round) => {
    const page = `Hello, round ${round}\n`;
    await project.write('page/index.html', page);
    const up = await killableUp(project);
    // In an order that soon has been everywhere.
    await Promise.race([sleep(((17 + round * 13) % STEPS) * STEP_MS), up.outcome]);
    await up.kill();
    await converges(page);
  });
});

async function converges(page: string): Promise<void> {
  const { code, text } = await project.up();
  expect(code, text).toBe(0);
  expect((await ask(url)).text).toContain(page);
  // What the killed one was about to begin it undoes by itself.
  await until(async () => (await project.machines()).length === 1, 'a host with one of our machines');
  const again = await project.run(['up', '--yes', '--skip-preview', '--expect-no-changes']);
  expect(again.code, again.text).toBe(0);
}
