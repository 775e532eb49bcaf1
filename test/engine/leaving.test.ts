import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { freePort } from '../free-port.js';
import { Project } from './project.js';

const PAGE = join(__dirname, '../../docs/leaving.md');

/** docs/leaving.md, as it is told: everything stays as it is, and Pulumi goes on without Ingot. */
describe('leaving', () => {
  let project: Project;
  let url: string;
  let left: { file: string; disk: string; pid: number; machine: string };

  const other = (path: string) => `
import * as pulumi from '@pulumi/pulumi';
class Consumer extends pulumi.ComponentResource {}
new Consumer('test:index:Consumer', 'consumer', { path: ${path} });
`;

  beforeAll(async () => {
    project = await Project.create('quickstart');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    await project.write(
      'index.ts',
      `${other('undefined')}
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
const disk = new ingot.local.Disk('data', { sizeMiB: 16 });
const machine = new ingot.local.Instance('web', {
  image, disks: [disk], ports: [{ host: ${port}, guest: 80 }], health: { http: { port: 80 }, timeoutSeconds: 300 },
});
const file = new ingot.local.ImageFile('web', { image, untested: true, format: 'tar', directory: 'pool' });
export const path = file.file;
export const diskFile = disk.file;
`,
    );
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    const { id, outputs } = await project.resource('local.Instance::web');
    const [file, disk] = [await project.output('path'), await project.output('diskFile')];
    left = { file, disk, pid: Number(outputs.pid), machine: id };
  });
  afterAll(async () => {
    await project.stopMachines();
    await project.remove();
  });

  test('takes the resources out of the state; then a program without them has nothing to do', async () => {
    await project.write(
      'index.ts',
      `${other('undefined')}
export const path = ${JSON.stringify(left.file)};
export const diskFile = ${JSON.stringify(left.disk)};
`,
    );
    const [, commands = ''] = /```sh\n(pulumi stack export \|[^`]*)```/.exec(await readFile(PAGE, 'utf8')) ?? [];
    expect(commands).toContain('pulumi state delete');
    const { code, text } = await project.shell(commands);
    expect(code, text).toBe(0);
    const preview = await project.run(['preview', '--diff', '--expect-no-changes']);
    expect(preview.code, preview.text).toBe(0);
    const up = await project.run(['up', '--yes', '--skip-preview', '--expect-no-changes']);
    expect(up.code, up.text).toBe(0);
    expect((await project.run(['stack', 'export'])).text).not.toContain('ingot:');
  });

  test('and everything is as it was', async () => {
    expect((await ask(url)).status).toBe(200);
    expect((await stat(left.file)).size).toBeGreaterThan(1_000_000);
    expect((await stat(left.disk)).size).toBe(16 * 2 ** 20);
    expect(await readdir(join(project.stateDirectory, 'machines'))).toEqual([left.machine]);
    expect(() => process.kill(left.pid, 0)).not.toThrow();
  });
});
