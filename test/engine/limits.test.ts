import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../ask.js';
import { freePort } from '../free-port.js';
import { skipAllBecause } from '../skip.js';
import { until } from './processes.js';
import { Project } from './project.js';

const run = promisify(execFile);
const PROGRAM = `
import * as ingot from 'pulumi-ingot';
const image = new ingot.Image('web', { spec: 'web.yml' });
const health = { http: { port: 80 }, timeoutSeconds: 300 };
new ingot.local.Instance('web', { image, ports: [{ host: Number(process.env.TEST_PORT), guest: 80 }], health });
`;
/** What this run has fetched already. */
const CACHE = process.env.INGOT_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ingot');

let project: Project;
let port: string;
beforeAll(async () => {
  project = await Project.create('quickstart');
  await project.write('index.ts', PROGRAM);
  port = String(await freePort());
});
afterAll(() => project.remove());

async function fails(environment: Readonly<Record<string, string>>): Promise<string> {
  const { code, text } = await project.up({ TEST_PORT: port, ...environment });
  expect(code, text).not.toBe(0);
  expect(text, 'no stack traces').not.toMatch(/^\s+at .*\.js:\d+/m);
  return text;
}

describe('a full disk', () => {
  skipAllBecause(
    process.platform === 'linux' && process.getuid?.() === 0
      ? undefined
      : 'only an administrator of Linux can mount a small disk',
  );

  let disk: string;
  let environment: Readonly<Record<string, string>> = {};
  const mount = async (size: string): Promise<void> => {
    disk = join(project.directory, '.state/disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'ingot-test', disk]);
  };
  const grow = () => run('mount', ['-o', 'remount,size=1g', disk]);
  afterEach(async () => {
    await project.run(['destroy', '--yes', '--skip-preview'], environment);
    await run('umount', ['--lazy', disk]);
    await rm(disk, { recursive: true, force: true });
  });

  test.each([
    // Less than an image has.
    ['the cache', '4m', (disk: string) => ({ INGOT_CACHE: disk, INGOT_CACHE_SHARED: CACHE }), 'INGOT_CACHE'],
    ['the machines', '8k', (disk: string) => ({ INGOT_STATE: disk }), 'INGOT_STATE'],
  ])(
    'for %s: says so, leaves nothing half-made, and all is well once there is room',
    async (what, size, environmentWith, variable) => {
      await mount(size);
      await project.write('page/index.html', `${what}\n`);
      environment = environmentWith(disk);
      const text = await fails(environment);
      expect(text).toMatch(new RegExp(`Cannot .*: the disk is full; make room.*${variable}`));
      for (const folder of ['temporary', 'machines']) {
        expect(await readdir(join(disk, folder)).catch(() => [])).toEqual([]);
      }
      expect(await project.machines()).toEqual([]);
      await grow();
      const again = await project.up({ TEST_PORT: port, ...environment });
      expect(again.code, again.text).toBe(0);
      expect((await ask(`http://127.0.0.1:${port}`)).text).toBe(`${what}\n`);
      await project.run(['destroy', '--yes', '--skip-preview'], { TEST_PORT: port, ...environment });
    },
  );
});

describe('a network that fails', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  let mirror: Readonly<Record<string, string>>;

  async function serve(answer: (socket: Socket) => void): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const base = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
    mirror = {
      INGOT_CACHE: join(project.directory, '.state/empty'),
      INGOT_DEBIAN_MIRROR: `${base}/debian`,
      INGOT_DEBIAN_SECURITY_MIRROR: `${base}/debian-security`,
    };
  }
  beforeAll(() => project.run(['destroy', '--yes', '--skip-preview'], { TEST_PORT: port }));
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise((done) => server.close(done));
    await rm(join(project.directory, '.state/empty'), { recursive: true, force: true });
  });

  test('in the middle of an answer: says which mirror, and keeps nothing of it', async () => {
    await serve((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n-----BEGIN PGP'));
    const text = await fails(mirror);
    expect(text).toMatch(/Cannot .*127\.0\.0\.1/);
    expect(await readdir(join(project.directory, '.state/empty/temporary')).catch(() => [])).toEqual([]);
  });

  test('without a word: Ctrl-C ends the wait, and nothing is kept', async () => {
    await serve(() => {});
    const running = project.start(['up', '--yes', '--skip-preview'], { TEST_PORT: port, ...mirror });
    await until(async () => sockets.size > 0, 'a request');
    const startMs = performance.now();
    running.process.kill('SIGINT');
    const { code, text } = await running.outcome;
    expect(code, text).not.toBe(0);
    // Who waits to the end says that the mirror does not answer.
    expect(text).toMatch(/error: Cancelled$/m);
    process.stdout.write(`Ctrl-C while fetching: ${Math.round(performance.now() - startMs)} ms\n`);
    expect(text, 'no stack traces').not.toMatch(/^\s+at .*\.js:\d+/m);
    expect(await readdir(join(project.directory, '.state/empty/temporary')).catch(() => [])).toEqual([]);
  });
});

/** Both fetch and build the same at once. */
describe('two updates at once, with one empty cache', () => {
  let other: Project;
  afterAll(() => other.remove());

  test('both are well', async () => {
    other = await Project.create('quickstart');
    await other.write('index.ts', PROGRAM);
    const cache = join(project.directory, '.state/shared');
    const ports = [port, String(await freePort())];
    await Promise.all(
      [project, other].map(async (one, index) => {
        await one.write('page/index.html', `${index}\n`);
        const { code, text } = await one.up({ INGOT_CACHE: cache, TEST_PORT: ports[index] ?? '' });
        expect(code, text).toBe(0);
        expect((await ask(`http://127.0.0.1:${ports[index]}`)).text).toBe(`${index}\n`);
      }),
    );
    expect(await readdir(join(cache, 'temporary'))).toEqual([]);
  });
});
