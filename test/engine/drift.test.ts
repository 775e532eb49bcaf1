import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { freePort } from '../free-port.js';
import { kill } from './processes.js';
import { Project } from './project.js';

const TYPE = 'dynamic/ingot:local.';

/** What somebody else has done to machines, disks and published files: a refresh shows it, and the next update mends it. */
describe('drift', () => {
  let project: Project;
  let url: string;

  beforeAll(async () => {
    project = await Project.create('quickstart');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    await project.write(
      'index.ts',
      `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
const disk = new ingot.local.Disk('data', { sizeMiB: 16 }, { protect: false });
export const machine = new ingot.local.Instance('web', {
  image, disks: [disk], ports: [{ host: ${port}, guest: 80 }], health: { http: { port: 80 }, timeoutSeconds: 3600 },
  secrets: { token: 'do-not-tell' },
});
export const file = new ingot.local.ImageFile('web', { image, untested: true, format: 'tar', directory: 'pool' });
`,
    );
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
  });
  afterAll(() => project.remove());

  const refresh = () => project.run(['refresh', '--yes', '--skip-preview']);

  test('refresh() finds nothing where nothing was done', async () => {
    const { code, text } = await refresh();
    expect(code, text).toBe(0);
    expect(text).toMatch(/5 unchanged/);
    expect(text).not.toMatch(/updated|deleted/);
  });

  test('a machine that died, a disk that is gone and a file that was cut off are made again', async () => {
    const machine = await project.resource(`${TYPE}Instance::web`);
    const disk = await project.resource(`${TYPE}Disk::data`);
    const file = await project.resource(`${TYPE}ImageFile::web`);
    const { size } = await stat(file.id);
    await kill(Number(machine.outputs.pid));
    await rm(disk.id);
    await truncate(file.id, 1000);
    const refreshed = await refresh();
    expect(refreshed.code, refreshed.text).toBe(0);
    expect(refreshed.text).toMatch(/- 3 deleted/);
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(text).toMatch(/\+ 3 created/);
    expect((await ask(url)).status).toBe(200);
    expect((await stat((await project.resource(`${TYPE}Disk::data`)).id)).size).toBe(16 * 2 ** 20);
    expect((await stat(file.id)).size).toBe(size);
  });

  test('a machine that has booted another image is replaced', async () => {
    const before = await project.resource(`${TYPE}Instance::web`);
    const record = join(project.stateDirectory, 'machines', before.id, 'machine.json');
    const other = `sha256:${'1'.repeat(64)}`;
    await writeFile(record, JSON.stringify({ ...JSON.parse(await readFile(record, 'utf8')), image: other }));
    const refreshed = await refresh();
    expect(refreshed.text).toMatch(/~ 1 updated/);
    expect(refreshed.text).toMatch(/imageDigest/);
    expect((await project.resource(`${TYPE}Instance::web`)).outputs.bootedDigest).toBe(other);
    expect((await project.run(['stack', 'export'])).text, 'secrets stay secret').not.toContain('do-not-tell');
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    const after = await project.resource(`${TYPE}Instance::web`);
    expect(after.id).not.toBe(before.id);
    expect(after.outputs.bootedDigest).toBe(after.outputs.imageDigest);
    expect((await ask(url)).status).toBe(200);
  });

  test('destroy() leaves nothing, whatever was done', async () => {
    const file = await project.resource(`${TYPE}ImageFile::web`);
    await rm(file.id);
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await project.machines()).toEqual([]);
    await expect(stat(file.id)).rejects.toThrow(/ENOENT/);
    await expect(stat(`${file.id}.json`)).rejects.toThrow(/ENOENT/);
  });
});
