import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { isRunning, kill } from './processes.js';
import { Project } from './project.js';
import { RequestLoop } from './request-loop.js';

/** The whole story of the quickstart, on the real engine, with real machines; each test goes on where the last one ended. */
describe('the quickstart', () => {
  let project: Project;
  let port: number;
  let url: string;

  beforeAll(async () => {
    project = await Project.create('quickstart');
    port = await project.choosePort();
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(() => project.remove());

  test('preview() shows what will be in the image, and the address', async () => {
    const { code, text } = await project.preview();
    expect(code, text).toBe(0);
    expect(text).toMatch(/lighttpd\s*:\s*"1\.4/);
    expect(text).toMatch(/digest\s*:\s*"sha256:[0-9a-f]{64}"/);
    expect(text).toContain(url);
  });

  test('up() builds the image and boots a machine that answers', async () => {
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(await project.output('url')).toBe(url);
    expect((await ask(url)).text).toContain('Hello from an immutable machine');
  });

  test('the state of the image is small, and holds no address of a mirror', async () => {
    const image = await project.resource('dynamic/ingot:Image::web');
    expect(JSON.stringify(image).length).toBeLessThan(64 * 1024);
    expect(JSON.stringify(image)).not.toMatch(/https?:\/\//);
    expect(image.inputs).toMatchObject({ __version: 1, __type: 'Image', __secret: false });
  });

  test('preview() says nothing changes, with an empty cache and without network', async () => {
    const cache = join(project.directory, '.state/empty-cache');
    const { code, text } = await project.run(['preview', '--diff', '--expect-no-changes'], {
      INGOT_CACHE: cache,
      INGOT_OFFLINE: 'true',
      INGOT_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian',
      INGOT_DEBIAN_SECURITY_MIRROR: 'http://127.0.0.1:9/debian-security',
    });
    expect(code, text).toBe(0);
    await rm(cache, { recursive: true, force: true });
  });

  test('up() changes nothing where nothing has changed', async () => {
    const { pid } = (await project.resource('ingot:local.Instance::web')).outputs;
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(text).toMatch(/3 unchanged/);
    expect((await project.resource('ingot:local.Instance::web')).outputs.pid).toBe(pid);
  });

  test('preview() shows the changed page inside the image', async () => {
    const page = await readFile(join(project.directory, 'page/index.html'), 'utf8');
    await project.write('page/index.html', page.replace('Hello from an immutable machine', 'Hello again'));
    const { code, text } = await project.preview();
    expect(code, text).toBe(0);
    expect(text).toMatch(/~ files/);
    expect(text).toMatch(/srv\/web\/index\.html/);
    expect(text).toMatch(/\+-\s*pulumi-nodejs:dynamic\/ingot:local\.Instance/);
    expect(text).not.toMatch(/~ packages/);
  });

  test('up() replaces the machine, and no request is lost', async () => {
    const before = await project.resource('ingot:local.Instance::web');
    const loop = new RequestLoop(url);
    await loop.makes(10);
    const { code, text } = await project.up();
    const { failures } = await loop.stop();
    expect(code, text).toBe(0);
    expect(failures).toEqual([]);
    expect((await ask(url)).text).toContain('Hello again');
    expect((await project.resource('ingot:local.Instance::web')).id).not.toBe(before.id);
    expect(await isRunning(Number(before.outputs.pid))).toBe(false);
  });

  test('refresh() notices a machine that is gone, and up() makes another', async () => {
    const { outputs } = await project.resource('ingot:local.Instance::web');
    await kill(Number(outputs.pid));
    const refreshed = await project.run(['refresh', '--yes', '--skip-preview']);
    expect(refreshed.code, refreshed.text).toBe(0);
    expect(refreshed.text).toMatch(/- 1 deleted/);
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect((await ask(url)).status).toBe(200);
  });

  test('destroy() leaves no process, no port and no folder', async () => {
    const { outputs } = await project.resource('ingot:local.Instance::web');
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await isRunning(Number(outputs.pid))).toBe(false);
    await expect(ask(url)).rejects.toThrow();
    expect(await readdir(join(project.stateDirectory, 'machines'))).toEqual([]);
  });
});
