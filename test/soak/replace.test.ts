import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { budget, spend } from '../budget.js';
import { gatedQuickstart } from '../engine/gates.js';
import type { Project } from '../engine/project.js';
import { RequestLoop } from '../engine/request-loop.js';

let project: Project;
let url: string;
beforeAll(async () => {
  project = await gatedQuickstart();
  url = `http://127.0.0.1:${await project.choosePort()}`;
});
afterAll(() => project.remove());

/** One round in `npm test`, as many as there is time for in `npm run soak`. */
test('machines are replaced again and again under load: no request is lost, nothing is left', async () => {
  const first = await project.up();
  expect(first.code, first.text).toBe(0);
  const loops = [new RequestLoop(url), new RequestLoop(url, { keepAlive: true })];
  const load = () => Promise.all(loops.map((loop) => loop.makes(10)));
  const rounds = await spend(budget(1), async (round) => {
    await project.write('page/index.html', `<p>round ${round}\n`);
    await load();
    const { code, text } = await project.up();
    await load();
    expect(code, text).toBe(0);
    expect((await ask(url)).text).toBe(`<p>round ${round}\n`);
    expect(await project.machines()).toHaveLength(1);
  });
  const results = await Promise.all(loops.map((loop) => loop.stop()));
  const count = results.reduce((sum, result) => sum + result.count, 0);
  process.stdout.write(`${rounds} replacements, ${count} requests\n`);
  expect(results.flatMap(({ failures }) => failures)).toEqual([]);
});
