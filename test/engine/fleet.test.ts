import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { during, isRunning, kill } from './processes.js';
import { Project } from './project.js';
import { RequestLoop } from './request-loop.js';

interface Machine {
  readonly id: string;
  readonly digest: string;
  readonly pid: number;
}

/** The whole story of a fleet, on the real engine, with real machines; each test goes on where the last one ended. */
describe('a fleet', { timeout: 3_600_000 }, () => {
  let project: Project;
  let url: string;

  const machines = async (): Promise<Machine[]> =>
    (await project.resource('ingot:local.Fleet::web')).outputs.machines as Machine[];
  const configure = (key: string, value: string | number) => project.run(['config', 'set', key, String(value)]);
  const writePage = async (text: string): Promise<void> => writeFile(join(project.directory, 'page/index.html'), text);

  beforeAll(async () => {
    project = await Project.create('fleet-local');
    url = `http://127.0.0.1:${await project.choosePort()}`;
    // However slow the host is, a machine becomes healthy, and a request has its answer before its machine is ended.
    const program = await readFile(join(project.directory, 'index.ts'), 'utf8');
    expect(program).toContain('timeoutSeconds: 15 },\n');
    await project.write(
      'index.ts',
      program.replace(
        'timeoutSeconds: 15 },\n',
        "timeoutSeconds: config.getNumber('seconds') ?? 3600 },\n  drainSeconds: 3600, retry: config.getBoolean('retry'),\n",
      ),
    );
    await configure('machines', 2);
  });
  afterAll(() => project.remove());

  test('up() boots machines that take turns behind one port', async () => {
    await writePage('one');
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(await machines()).toHaveLength(2);
    expect((await ask(url)).text).toBe('one');
  });

  test('up() rolls to a changed page, and no request is lost', async () => {
    const before = await machines();
    await writePage('two');
    const loop = new RequestLoop(url);
    await loop.makes(10);
    const { code, text } = await project.up();
    await loop.makes(10);
    const { failures } = await loop.stop();
    expect(code, text).toBe(0);
    expect(failures).toEqual([]);
    expect(text).toMatch(/local\.Fleet +web +updated/);
    const after = await machines();
    expect(after).toHaveLength(2);
    expect(after.map(({ id }) => id)).not.toContain(before[0]?.id);
    for (let i = 0; i < 4; i++) expect((await ask(url)).text).toBe('two');
  });

  test('up() is interrupted, keeps what it has done, and goes on where it was', async () => {
    const before = await machines();
    await writePage('three');
    // It would be waited for for hours: that this comes to an end at all is the engine's being heard.
    await configure('healthPath', '/nothing-there');
    const running = project.start(['up', '--yes', '--skip-preview']);
    const isMore = async () => (await project.machines()).length > before.length;
    await during(running, isMore, 'a machine that is started');
    running.process.kill('SIGINT');
    const { code, text } = await running.outcome;
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/it was cancelled/);
    expect(await machines()).toEqual(before);
    expect((await ask(url)).text).toBe('two');
    await configure('healthPath', '/');
    const next = await project.up();
    expect(next.code, next.text).toBe(0);
    expect((await ask(url)).text).toBe('three');
  });

  test('up() goes back by itself from an image that is never healthy', async () => {
    const before = await machines();
    await configure('healthPath', '/nothing-there');
    const loop = new RequestLoop(url);
    let { code, text } = { code: null as number | null, text: '' };
    // On a busy host a machine may not come to an answer within the first of these.
    for (const seconds of [15, 30, 60]) {
      await configure('seconds', seconds);
      ({ code, text } = await project.up());
      if (/it answers HTTP 404/.test(text)) break;
      // What has failed is not tried again by itself.
      await configure('retry', 'true');
    }
    await project.run(['config', 'rm', 'retry']);
    await loop.makes(10);
    const { failures } = await loop.stop();
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/it answers HTTP 404, not 200 to 399/);
    expect(text).toMatch(/2 of 2 machines are the old ones/);
    expect(failures).toEqual([]);
    expect(await machines()).toEqual(before);
    const { rejected } = (await project.resource('ingot:local.Fleet::web')).outputs;
    expect(rejected).toMatchObject([{ reason: expect.stringMatching(/it answers HTTP 404/) }]);
  });

  test('up() does not try the same again', async () => {
    const { code, text } = await project.up();
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/it failed before, and is not tried again: .*it answers HTTP 404/);
    expect(text).toMatch(/set retry to true/);
    expect((await ask(url)).text).toBe('three');
  });

  test('up() tries it again where it is told to, and tells what has become of that', async () => {
    const before = await machines();
    await configure('retry', 'true');
    await configure('seconds', 1);
    const { code, text } = await project.up();
    await project.run(['config', 'rm', 'retry']);
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/Cannot roll the fleet out to image \w+: it was not healthy within \d+ s/);
    expect(text).not.toMatch(/failed before/);
    expect(await machines()).toEqual(before);
    const { rejected } = (await project.resource('ingot:local.Fleet::web')).outputs;
    expect(rejected).toMatchObject([{ reason: expect.stringMatching(/not healthy within [14] s/) }]);
  });

  test('up() of what was there before is whole again', async () => {
    const before = await machines();
    await configure('healthPath', '/');
    await project.run(['config', 'rm', 'seconds']);
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(await machines()).toEqual(before);
    const again = await project.run(['preview', '--diff', '--expect-no-changes']);
    expect(again.code, again.text).toBe(0);
  });

  test('refresh() notices a machine that died, and up() mends the fleet', async () => {
    const [first, second] = await machines();
    await kill(first?.pid);
    const refreshed = await project.run(['refresh', '--yes', '--skip-preview']);
    expect(refreshed.code, refreshed.text).toBe(0);
    expect((await machines()).map(({ id }) => id)).toEqual([second?.id]);
    const { code, text } = await project.up();
    expect(code, text).toBe(0);
    expect(await machines()).toHaveLength(2);
  });

  test('up() scales up and down, and keeps the machines that stay', async () => {
    const before = (await machines()).map(({ id }) => id);
    await configure('machines', 3);
    const up = await project.up();
    expect(up.code, up.text).toBe(0);
    expect((await machines()).map(({ id }) => id)).toEqual([...before, expect.any(String)]);
    await configure('machines', 1);
    const down = await project.up();
    expect(down.code, down.text).toBe(0);
    expect(await machines()).toHaveLength(1);
    expect((await ask(url)).status).toBe(200);
  });

  test('destroy() leaves no process, no port and no folder', async () => {
    const [{ pid } = { pid: 0 }] = await machines();
    const { code, text } = await project.run(['destroy', '--yes', '--skip-preview']);
    expect(code, text).toBe(0);
    expect(await isRunning(pid)).toBe(false);
    await expect(ask(url)).rejects.toThrow();
    expect(await readdir(join(project.stateDirectory, 'machines'))).toEqual([]);
  });
});
