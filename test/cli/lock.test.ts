import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImageServer } from './image-server.js';
import { type Ended, ingot } from './ingot.js';

let folder: string;
let server: ImageServer;
let images: { readonly init: string; readonly app: string; readonly other: string };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-lock-'));
  server = await ImageServer.start();
  images = { init: `${server.host}/init:1`, app: `${server.host}/app:1`, other: `${server.host}/other:1` };
  for (const name of Object.keys(images)) server.publish(name, '1', 'first');
  await writeFile(join(folder, 'page.html'), 'page one');
  await spec(`onboot: [{ name: app, image: "${images.app}" }]`);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Its init is given, so that nothing is wanted from an archive of packages. */
async function spec(rest: string, name = 'web.yml'): Promise<void> {
  const files = 'files: [{ path: srv/page.html, source: page.html }]';
  await writeFile(join(folder, name), `init: ["${images.init}"]\n${files}\n${rest}\n`);
}

function run(...words: string[]): Promise<Ended> {
  return ingot(words, { folder, environment: { INGOT_REGISTRY_INSECURE: server.host } });
}

const lockFile = () => readFile(join(folder, 'web.lock.json'), 'utf8');

describe('ingot lock', () => {
  test('pins once, and then leaves everything where it is, without asking anyone', async () => {
    expect(await run('lock', 'web.yml')).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^web.lock.json: written\n {2}\S+\/app:1 {3}[0-9a-f]{12}\n {2}\S+\/init:1 {2}[0-9a-f]{12}\n$/,
      ),
      stderr: '',
    });
    const first = await lockFile();
    const { mtimeMs } = await stat(join(folder, 'web.lock.json'));
    server.publish('app', '1', 'second');
    server.requests.length = 0;
    expect((await run('lock', 'web.yml')).stdout).toBe('web.lock.json: nothing to change\n');
    expect(await lockFile()).toBe(first);
    expect((await stat(join(folder, 'web.lock.json'))).mtimeMs).toBe(mtimeMs);
    expect(server.requests).toEqual([]);
  });

  test('pins what is new, drops what is gone, and keeps the rest', async () => {
    await run('lock', 'web.yml');
    const before = JSON.parse(await lockFile());
    server.publish('init', '1', 'second');
    await spec(`onboot: [{ name: app, image: "${images.other}" }]`);
    expect((await run('lock', 'web.yml')).stdout).toMatch(
      /^web.lock.json: written\n {2}- \S+\/app:1 .*\n {2}\+ \S+\/other:1 .*\n$/,
    );
    const after = JSON.parse(await lockFile());
    expect(after.pins[images.init]).toEqual(before.pins[images.init]);
    expect(Object.keys(after.pins)).toEqual([images.init, images.other].sort());
  });

  test('--update moves what is named, or all', async () => {
    await run('lock', 'web.yml');
    const [app, init] = [server.publish('app', '1', 'second'), server.publish('init', '1', 'second')];
    const pinned = async () => {
      const { pins } = JSON.parse(await lockFile());
      return { app: pins[images.app].manifest === app, init: pins[images.init].manifest === init };
    };
    expect((await run('lock', 'web.yml', '--update', images.app)).stdout).toMatch(
      /^web.lock.json: written\n {2}~ \S+\/app:1 {2}[0-9a-f]{12} → [0-9a-f]{12} .*\n$/,
    );
    expect(await pinned()).toEqual({ app: true, init: false });
    expect((await run('lock', '--update', 'web.yml')).stdout).toMatch(/^web.lock.json: written\n {2}~ \S+\/init:1 /);
    expect(await pinned()).toEqual({ app: true, init: true });
    expect(await run('lock', 'web.yml', '--update', 'appp')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Cannot update "appp": nothing of that name is pinned/),
    });
  });

  test('--check answers without network: 0 up to date, 1 stale or not there, 2 not to be found out', async () => {
    expect(await run('lock', '--check', 'web.yml')).toEqual({
      code: 1,
      stdout: 'web.lock.json: stale: it is not there; run `ingot lock web.yml`\n',
      stderr: '',
    });
    await run('lock', 'web.yml');
    server.requests.length = 0;
    expect(await run('lock', '--check', 'web.yml')).toMatchObject({ code: 0, stdout: 'web.lock.json: up to date\n' });
    await spec(`onboot: [{ name: app, image: "${images.other}" }]`);
    expect(await run('lock', '--check', 'web.yml')).toMatchObject({
      code: 1,
      stdout: `web.lock.json: stale: it does not pin ${images.other}, and it pins ${images.app}, which the spec does not name; run \`ingot lock web.yml\`\n`,
    });
    expect(server.requests).toEqual([]);
    expect(await run('lock', '--check', 'nowhere.yml')).toMatchObject({ code: 2 });
    await writeFile(join(folder, 'web.lock.json'), '{');
    expect(await run('lock', '--check', 'web.yml')).toMatchObject({ code: 2 });
  });

  test('--print-digest prints it alone; a file of the user changes it, and the lock file stays', async () => {
    const first = await run('lock', 'web.yml', '--print-digest');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) });
    const text = await lockFile();
    expect((await run('lock', 'web.yml', '--print-digest')).stdout).toBe(first.stdout);
    await writeFile(join(folder, 'page.html'), 'page two');
    const second = await run('lock', 'web.yml', '--print-digest');
    expect(second.stdout).toMatch(/^sha256:/);
    expect(second.stdout).not.toBe(first.stdout);
    expect(await lockFile()).toBe(text);
    expect((await run('lock', 'web.yml', '--check')).code).toBe(0);
  });

  test('of several specs lies beside the last', async () => {
    await mkdir(join(folder, 'a'));
    await spec(`onboot: [{ name: app, image: "${images.app}" }]`, 'a/more.yml');
    await writeFile(join(folder, 'a/page.html'), '');
    expect((await run('lock', 'web.yml', 'a/more.yml')).stdout).toMatch(/^a\/more.lock.json: written\n/);
    expect((await run('lock', '--check', 'a/more.yml')).code).toBe(0);
  });

  test('says what is missing, and what cannot be', async () => {
    expect(await run('lock')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("missing required argument 'spec'"),
    });
    expect(await run('lock', '-')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^Cannot lock the spec: it comes from standard input/),
    });
  });
});

describe('a lock file', () => {
  test('decides what is built, whatever the registry has, and without it', async () => {
    await spec('');
    await run('lock', 'web.yml');
    const locked = await run('lock', 'web.yml', '--print-digest');
    server.publish('init', '1', 'second');
    server.requests.length = 0;
    const inspected = await run('inspect', 'web.yml', '--json');
    expect(inspected).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(inspected.stdout).digest).toBe(locked.stdout.trim());
    expect(server.requests).toEqual([]);
    await rm(join(folder, 'web.lock.json'));
    expect(JSON.parse((await run('inspect', 'web.yml', '--json')).stdout).digest).not.toBe(locked.stdout.trim());
  });

  test('that is stale is an error, at its place in the spec, that names the command', async () => {
    await run('lock', 'web.yml');
    await spec(`onboot: [{ name: app, image: "${images.other}" }]`);
    expect(await run('build', '-f', 'tar', 'web.yml')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^web.yml:3:30: Cannot use web.lock.json: it does not pin \S+\/other:1, and .*; run `ingot lock web.yml`\n/,
      ),
    });
  });
});

describe('ingot outdated', () => {
  test('lists what has moved, and answers by its exit code', async () => {
    expect(await run('outdated', 'web.yml')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no web.lock.json, .*run `ingot lock web.yml`\n$/),
    });
    await run('lock', 'web.yml');
    expect(await run('outdated', 'web.yml')).toMatchObject({
      code: 0,
      stdout: 'web.lock.json: all that is pinned is the newest\n',
    });
    expect(await run('outdated', 'web.yml', '--json')).toMatchObject({ code: 0, stdout: '[]\n' });
    const text = await lockFile();
    server.publish('app', '1', 'second');
    const found = await run('outdated', 'web.yml');
    expect(found).toMatchObject({ code: 1, stderr: '' });
    expect(found.stdout).toMatch(
      /^NAME .*PINNED .*NEWEST .*\n\S+\/app:1 .*\n\n1 outdated; run `ingot lock web.yml --update`\n$/,
    );
    const json = await run('outdated', 'web.yml', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toEqual([
      expect.objectContaining({ kind: 'image', name: images.app, security: false, in: [images.app] }),
    ]);
    expect(await lockFile()).toBe(text);
  });
});
