import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { freePort } from '../free-port.js';
import { Project } from './project.js';

const PAGE = join(__dirname, '../../examples/quickstart/page/index.html');

/** Images that are published as files, by two stacks, on the real engine. */
describe('an image file', () => {
  let project: Project;
  let other: Project;
  let port: number;

  const program = (more = '') => `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
const file = new ingot.local.ImageFile('web', { image, untested: true, directory: process.env.POOL! });
${more}
export const ref = file.ref;
`;
  /** A resource that needs the file, and cannot be created: nothing in the machine listens there. */
  const failing = () => `new ingot.local.Instance('bad', {
  image: file.ref, ports: [{ host: ${port}, guest: 81 }], health: { http: { port: 81 }, timeoutSeconds: 1 },
});`;

  const pool = () => join(project.directory, 'pool');
  const files = async () => (await readdir(pool())).filter((name) => name.endsWith('.img')).sort();
  const up = (one: Project) => one.up({ POOL: pool() });

  beforeAll(async () => {
    [project, other] = [await Project.create('quickstart'), await Project.create('quickstart')];
    port = await freePort();
    for (const one of [project, other]) await one.write('index.ts', program());
  });
  afterAll(async () => {
    await other.remove();
    await project.remove();
  });

  test('up() puts it into the folder, under its digest', async () => {
    const { code, text } = await up(project);
    expect(code, text).toBe(0);
    const ref = JSON.parse(await project.output('ref'));
    expect(ref).toMatchObject({ kind: 'file', format: 'raw-efi', contents: { packages: expect.anything() } });
    expect(await files()).toEqual([`web-${ref.digest.slice(7, 19)}.img`]);
  });

  test('another stack adopts what is there, and leaves it when it goes', async () => {
    const [before] = await files();
    const { code, text } = await up(other);
    expect(code, text).toBe(0);
    await other.run(['destroy', '--yes', '--skip-preview'], { POOL: pool() });
    expect(await files()).toEqual([before]);
  });

  test('A, then B with a dependant that fails, then A: A is still there', async () => {
    const [a] = await files();
    await project.write('page/index.html', 'B\n');
    await project.write('index.ts', program(failing()));
    expect((await up(project)).code).not.toBe(0);
    expect(await files()).toHaveLength(2);
    await cp(PAGE, join(project.directory, 'page/index.html'));
    await project.write('index.ts', program());
    const { code, text } = await up(project);
    expect(code, text).toBe(0);
    expect(await files()).toContain(a);
  });

  test('where it is to keep fewer, those beyond go in that update, and nothing is replaced', async () => {
    const [current] = JSON.parse(await project.output('ref'))
      .file.split('/')
      .slice(-1);
    expect(await files()).toHaveLength(2);
    await project.write('index.ts', program().replace('directory:', 'keep: 0, directory:'));
    const { code, text } = await up(project);
    expect(code, text).toBe(0);
    expect(text).toMatch(/~ 1 updated/);
    expect(await files()).toEqual([current]);
    await project.write('index.ts', program());
    expect((await up(project)).code).toBe(0);
    expect(await files()).toEqual([current]);
  });

  test('a machine of another stack boots it, and a preview shows what changes inside', async () => {
    const ref = await project.output('ref');
    const consumer = (text: string) => `
import * as ingot from 'pulumi-ingot';
const machine = new ingot.local.Instance('web', {
  image: ${text}, memoryMiB: 768,
  ports: [{ host: ${port}, guest: 80 }], health: { http: { port: 80 }, timeoutSeconds: 3600 },
});
export const url = machine.url;
`;
    await other.write('index.ts', consumer(ref));
    const { code, text } = await other.up();
    expect(code, text).toBe(0);
    expect((await ask(`http://127.0.0.1:${port}`)).status).toBe(200);
    const changed = JSON.parse(ref);
    changed.digest = `sha256:${'1'.repeat(64)}`;
    changed.contents.packages.lighttpd = '1.4.99-1';
    await other.write('index.ts', consumer(JSON.stringify(changed)));
    const preview = await other.preview();
    expect(preview.code, preview.text).toBe(0);
    expect(preview.text).toMatch(/lighttpd\s*: "[^"]+" => "1\.4\.99-1"/);
  });

  test('destroy leaves nothing in the folder', async () => {
    await other.run(['destroy', '--yes', '--skip-preview']);
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview'], { POOL: pool() });
    expect(code, text).toBe(0);
    expect(await files()).toEqual([]);
    await rm(pool(), { recursive: true });
  });
});
