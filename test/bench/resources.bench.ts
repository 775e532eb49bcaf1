import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Outcome, Project } from '../engine/project.js';
import { LargeImage } from './large-image.js';
import { longestStretchSeconds } from './longest-stretch.js';
import { median, pairs } from './measure.js';
import { NOTHING } from './nothing.js';
import { record, recordSize, rowOf } from './row.js';
import { stateOfThousand } from './state-of-thousand.js';

const PAIRS = 5;
const ROLLS = 3;

const TEN_IMAGES = `
import * as ingot from 'pulumi-ingot';
for (let i = 0; i < 10; i++) {
  new ingot.Image(\`web-\${i}\`, { spec: { files: [{ path: 'etc/motd', contents: \`machine \${i}\`, mode: '0644' }], kernel: { image: 'deb:linux-image-cloud-amd64' } } });
}
`;
const LARGE_IMAGE = `
import * as ingot from 'pulumi-ingot';
new ingot.Image('large', { spec: 'large.yml' });
`;
const TSCONFIG = NOTHING['tsconfig.json'];

const projects: Project[] = [];
let nothing: Project;
beforeAll(async () => {
  nothing = await created(NOTHING);
});
afterAll(async () => {
  for (const project of projects) await project.remove();
});

async function created(files: Parameters<typeof Project.create>[0]): Promise<Project> {
  const project = await Project.create(files);
  projects.push(project);
  await project.choosePort();
  return project;
}

async function secondsOf(work: Promise<Outcome>): Promise<number> {
  const start = performance.now();
  const { code, text } = await work;
  expect(code, text).toBe(0);
  return (performance.now() - start) / 1000;
}

const preview = (project: Project) => secondsOf(project.run(['preview']));
const reference = 'a resource that does nothing';

test('a preview of no changes, of ten images', async () => {
  const ten = await created({ 'index.ts': TEN_IMAGES, 'tsconfig.json': TSCONFIG });
  await secondsOf(ten.up());
  await secondsOf(nothing.up());
  const measured = await pairs(PAIRS, { ours: () => preview(ten), reference: () => preview(nothing) });
  record(rowOf('pulumi preview of 10 images, nothing changed', measured, { reference, goalSeconds: 0.5 }));
});

test('a preview after a one-line change in a large image', async () => {
  const large = await created({ 'index.ts': LARGE_IMAGE, 'tsconfig.json': TSCONFIG });
  const image = await LargeImage.create(large.directory);
  await secondsOf(large.up());
  const changed = async () => {
    await image.change();
    return preview(large);
  };
  const measured = await pairs(PAIRS, { ours: changed, reference: () => preview(nothing) });
  record(rowOf('pulumi preview, one line changed in an image of 405 MiB', measured, { reference, goalSeconds: 1 }));
  const state = await large.resource('::large');
  for (const [name, one] of [
    ['state of an image of 405 MiB', state],
    ['the same, if it had 1000 packages', stateOfThousand(state)],
  ] as const) {
    recordSize({ name, kilobytes: Buffer.byteLength(JSON.stringify(one)) / 1000, goalKilobytes: 64 });
  }
  await image.change();
  record({
    name: 'the longest that its check keeps others waiting, in CPU seconds',
    oursSeconds: await longestStretchSeconds(large.directory, 'large.yml'),
    goalTotalSeconds: 0.05,
  });
});

test('from a changed page to the machine that answers with it', async () => {
  const web = await created('quickstart');
  await secondsOf(web.up());
  let round = 0;
  for (const [name, words, goalSeconds] of [
    ['pulumi up on a changed page, with its preview', [], 12],
    ['pulumi up --skip-preview on a changed page', ['--skip-preview'], 9],
  ] as const) {
    const seconds: number[] = [];
    const booting: number[] = [];
    for (let i = 0; i < ROLLS; i++) {
      await web.write('page/index.html', `round ${round++}\n`);
      seconds.push(await secondsOf(web.run(['up', '--yes', ...words])));
      const { outputs } = await web.resource('ingot:local.Instance::web');
      booting.push((outputs.bootSeconds as { healthy: number }).healthy);
    }
    record({ name, oursSeconds: median(seconds), goalTotalSeconds: goalSeconds });
    record({ name: '… of that, from the start of QEMU to the first answer', oursSeconds: median(booting) });
  }
});
