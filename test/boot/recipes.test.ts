import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, ingot } from '../cli/ingot.js';
import { freePort } from '../free-port.js';
import { missingPrograms, skipBecause } from '../skip.js';

const run = promisify(execFile);

describe('the recipes in examples/recipes', () => {
  let recipes: string;
  beforeAll(async () => {
    recipes = await mkdtemp(join(tmpdir(), 'ingot-recipes-'));
    await cp(join(__dirname, '../../examples/recipes'), recipes, { recursive: true });
  });
  afterAll(() => rm(recipes, { recursive: true, force: true, maxRetries: 5 }));

  function recipe(name: string, ...words: string[]): Promise<Ended> {
    const environment = {
      INGOT_STATE: join(recipes, '.state'),
      INGOT_CACHE: process.env.INGOT_CACHE || join(recipes, '.cache'),
    };
    return ingot(words, { folder: join(recipes, name), environment });
  }

  async function passes(name: string, ...words: string[]): Promise<void> {
    const { code, stdout, stderr } = await recipe(name, 'test', '--timeout', '200', ...words);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('passed');
  }

  /** Boots a recipe, does something with it, and ends it. */
  async function boots(name: string, words: readonly string[], use: () => Promise<void>): Promise<void> {
    const started = await recipe(name, 'run', '--detach', '--json', '--timeout', '200', ...words);
    expect(started.code, started.stderr).toBe(0);
    const { id } = JSON.parse(started.stdout) as { id: string };
    try {
      await use();
    } finally {
      await recipe(name, 'stop', id);
    }
  }

  test('node-exporter tells the metrics of the machine itself', () =>
    // Those of the kernel and its devices, and of a mount that is the machine's.
    passes(
      'node-exporter',
      '--http',
      '9100/metrics=node_load1 ',
      '--http',
      '9100/metrics=mountpoint="/var"',
      'metrics.yml',
    ));

  test('java runs a service from its source', () =>
    passes('java', '--http', '8080/=Hello from Java 21', '--http', '8080/health=ok', 'java.yml'));

  test('log-shipper sends what another service says', async () => {
    let shipped = '';
    const sockets = new Set<Socket>();
    const collector = createServer((socket) => {
      sockets.add(socket);
      socket.setEncoding('utf8').on('data', (text) => {
        shipped += text;
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((done) => collector.listen(0, '127.0.0.1', done));
    try {
      const configuration = join(recipes, 'log-shipper/rsyslog.conf');
      const text = await readFile(configuration, 'utf8');
      const port = String((collector.address() as AddressInfo).port);
      await writeFile(configuration, text.replace('port="5514"', `port="${port}"`));
      await boots('log-shipper', ['logs.yml'], async () => {
        for (let i = 0; i < 4000 && !shipped.includes('request 3 served'); i++) await sleep(100);
      });
      expect(shipped).toMatch(/^<133>1 \S+ example web - - - request 1 served$/m);
    } finally {
      for (const socket of sockets) socket.destroy();
      collector.close();
    }
  });

  test('ssh-ca lets those in who have a certificate, and nobody else', async (context) => {
    const missing = missingPrograms('ssh', 'ssh-keygen');
    if (missing !== undefined) skipBecause(context, missing);
    const cwd = join(recipes, 'ssh-ca');
    const key = (...words: string[]) => run('ssh-keygen', ['-q', ...words], { cwd });
    for (const name of ['ca', 'me', 'stranger']) await key('-t', 'ed25519', '-N', '', '-f', name);
    await key('-s', 'ca', '-I', 'test', '-n', 'root', '-V', '-5m:+1h', 'me.pub');
    const port = await freePort();
    const login = (name: string) =>
      run(
        'ssh',
        [
          ...['-F', 'none', '-p', String(port), '-i', name, '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none'],
          ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
          ...['root@127.0.0.1', 'id -u && ls /run/log'],
        ],
        { cwd },
      );
    await boots('ssh-ca', ['--publish', `${port}:22`, 'ssh.yml'], async () => {
      expect((await login('me')).stdout.split('\n')).toEqual(expect.arrayContaining(['0', 'ssh.log']));
      await expect(login('stranger')).rejects.toThrow('Permission denied (publickey)');
    });
  });
});
