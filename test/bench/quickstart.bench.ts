import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Outcome, Project } from '../engine/project.js';
import { pairs } from './measure.js';
import { NOTHING } from './nothing.js';
import { record, rowOf } from './row.js';

const PAIRS = 9;

let ours: Project;
let nothing: Project;

beforeAll(async () => {
  ours = await Project.create('quickstart');
  nothing = await Project.create(NOTHING);
  for (const project of [ours, nothing]) {
    await project.choosePort();
    expectSuccess(await project.up());
  }
});
afterAll(async () => {
  await ours?.remove();
  await nothing?.remove();
});

test('the boot of the guest, in phases', async () => {
  const { outputs } = await ours.resource('ingot:local.Instance::web');
  const phases = Object.entries(outputs.bootSeconds as Record<string, number>).sort(([, a], [, b]) => a - b);
  for (const [phase, seconds] of phases) record({ name: `boot: QEMU start to ${phase}`, oursSeconds: seconds });
});

test('a preview of no changes', async () => {
  const measured = await pairs(PAIRS, {
    ours: () => secondsOfPreview(ours),
    reference: () => secondsOfPreview(nothing),
  });
  const reference = 'a resource that does nothing';
  record(rowOf('pulumi preview, nothing changed', measured, { reference, goalSeconds: 0.3 }));
});

async function secondsOfPreview(project: Project): Promise<number> {
  const start = performance.now();
  expectSuccess(await project.run(['preview', '--expect-no-changes']));
  return (performance.now() - start) / 1000;
}

function expectSuccess({ code, text }: Outcome): void {
  expect(code, text).toBe(0);
}
