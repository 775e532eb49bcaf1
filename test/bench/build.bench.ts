import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { pairs, secondsOf } from './measure.js';
import { record, rowOf } from './row.js';

const REPOSITORY = resolve(__dirname, '../..');
const PAIRS = 9;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-bench-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('ingot build, again', async () => {
  const spec = join(REPOSITORY, 'examples/quickstart/web.yml');
  const command = [join(REPOSITORY, 'provider/bin/ingot.js'), 'build', spec, '--dir', folder];
  const measured = await pairs(PAIRS, {
    ours: () => secondsOf('node', command),
    reference: () => secondsOf('node', ['-e', '0']),
  });
  record(rowOf('ingot build, nothing changed', measured, { reference: 'node -e 0', goalSeconds: 0.5 }));
});
