import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askHelper } from './credentials-helper.js';
import { findCredentials } from './find-credentials.js';

const never = new AbortController().signal;
const password = (user: string, secret = 's3cret') => ({ kind: 'password', user, password: secret });
const auth = (user: string, secret = 's3cret') => ({ auth: Buffer.from(`${user}:${secret}`).toString('base64') });

let home: string;
let bin: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ingot-credentials-'));
  bin = join(home, 'bin');
  await mkdir(bin);
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function write(path: string, content: unknown): Promise<string> {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function helper(name: string, script: string): Promise<void> {
  await chmod(await write(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`), 0o755);
}

const find = (name: string, environment: Readonly<Record<string, string>> = {}) => {
  const slash = name.indexOf('/');
  const of = { registry: name.slice(0, slash), repository: name.slice(slash + 1) };
  return findCredentials(of, {
    environment: { HOME: home, PATH: `${bin}:${process.env.PATH}`, ...environment },
    signal: never,
  });
};

describe('findCredentials()', () => {
  test('asks the files in their order, and says which it looked at', async () => {
    const files = ['explicit.json', 'docker/config.json', 'run/containers/auth.json', 'xdg/containers/auth.json'];
    const environment = {
      REGISTRY_AUTH_FILE: join(home, 'explicit.json'),
      DOCKER_CONFIG: join(home, 'docker'),
      XDG_RUNTIME_DIR: join(home, 'run'),
      XDG_CONFIG_HOME: join(home, 'xdg'),
    };
    expect(await find('r.example/a', environment)).toEqual({
      looked: files.map((path) => `${join(home, path)} (not there)`),
    });
    for (const path of [...files].reverse()) {
      const file = await write(path, { auths: { 'r.example': auth(path) } });
      expect(await find('r.example/a', environment)).toMatchObject({ credentials: password(path), file });
    }
  });

  test('looks where Docker and Podman do when nothing is said', async () => {
    const { looked } = await find('r.example/a');
    expect(looked).toEqual([
      `${home}/.docker/config.json (not there)`,
      `${home}/.config/containers/auth.json (not there)`,
    ]);
  });

  test.each<[string, string, boolean]>([
    ['r.example', 'r.example/a', true],
    ['R.Example', 'r.example/a', true],
    ['https://r.example', 'r.example/a', true],
    ['https://r.example/v1/', 'r.example/a', true],
    ['r.example/v2/', 'r.example/a', true],
    ['r.example:5000', 'r.example:5000/a', true],
    ['r.example:5000', 'r.example/a', false],
    ['r.example', 'r.example:5000/a', false],
    ['r.example', 'r.example.evil.example/a', false],
    ['r.example', 'sub.r.example/a', false],
    ['example', 'r.example/a', false],
    ['r.example/team', 'r.example/team/app', true],
    ['r.example/team/app', 'r.example/team/app', true],
    ['r.example/team', 'r.example/teams/app', false],
    ['r.example/team', 'r.example/other', false],
    ['https://index.docker.io/v1/', 'docker.io/library/a', true],
    ['docker.io', 'docker.io/library/a', true],
    ['index.docker.io', 'docker.io/library/a', true],
    ['docker.io/library', 'docker.io/library/a', true],
    ['registry-1.docker.io', 'docker.io/library/a', true],
    ['https://index.docker.io/v1/', 'r.example/a', false],
  ])('takes the entry of %s for %s: %s', async (key, name, wanted) => {
    await write('.docker/config.json', { auths: { [key]: auth('jo') } });
    expect((await find(name)).credentials).toEqual(wanted ? password('jo') : undefined);
  });

  test('takes the most exact entry', async () => {
    const auths = { 'r.example': auth('host'), 'r.example/team': auth('team'), 'r.example/team/app': auth('app') };
    await write('.docker/config.json', { auths });
    for (const [name, user] of [
      ['a', 'host'],
      ['team/b', 'team'],
      ['team/app', 'app'],
      ['team/app/x', 'app'],
    ]) {
      expect((await find(`r.example/${name}`)).credentials).toEqual(password(user as string));
    }
  });

  test.each<[string, unknown, unknown]>([
    ['a password with colons', auth('jo', 'a:b:c'), password('jo', 'a:b:c')],
    ['a name and a password', { username: 'jo', password: 'x' }, password('jo', 'x')],
    ['an identity token', { ...auth('jo'), identitytoken: 't' }, { kind: 'identity', token: 't' }],
    ['a registry token', { registrytoken: 't' }, { kind: 'bearer', token: 't' }],
    ['zeros at the end', { auth: Buffer.from('jo:x\0\0').toString('base64') }, password('jo', 'x')],
    ['an entry that says only that one was logged in', {}, undefined],
    ['no colon', { auth: 'am8=' }, undefined],
  ])('reads %s', async (_, entry, wanted) => {
    await write('.docker/config.json', { auths: { 'r.example': entry } });
    expect((await find('r.example/a')).credentials).toEqual(wanted);
  });

  test.each<[string, string]>([
    ['{ "auths": { "r.example": { "auth": "s3cret" ', 'is no JSON'],
    ['{ "auths": { "r.example": { "auth": ["s3cret"] } } }', 'has something unexpected at auths'],
    ['"s3cret"', 'has something unexpected at its beginning'],
  ])('passes over a file that cannot be used, says so, and shows nothing of it: %s', async (content, problem) => {
    const bad = await write('.docker/config.json', content);
    const { looked, credentials } = await find('r.example/a');
    expect(credentials).toBeUndefined();
    expect(looked[0]).toBe(`${bad} (${problem})`);
    expect(JSON.stringify(looked)).not.toContain('s3cret');
  });

  test('asks the helper of the host, then the store of all, then the file itself', async () => {
    await helper('one', 'read server; echo "{\\"Username\\":\\"$1 $server\\",\\"Secret\\":\\"s3cret\\"}"');
    await helper('none', 'echo "credentials not found in native keychain"; exit 1');
    const auths = { 'c.example': auth('file') };
    const credHelpers = { 'a.example': 'one', 'docker.io': 'one' };
    await write('.docker/config.json', { auths, credHelpers, credsStore: 'none' });
    expect((await find('a.example/x')).credentials).toEqual(password('get a.example'));
    expect((await find('docker.io/library/x')).credentials).toEqual(password('get https://index.docker.io/v1/'));
    expect((await find('b.example/x')).credentials).toBeUndefined();
    expect((await find('c.example/x')).credentials).toEqual(password('file'));
  });

  test.each<[string, string | undefined, RegExp]>([
    ['is not there', undefined, /names docker-credential-x, which is not on the PATH/],
    ['fails', 'echo s3cret; echo s3cret >&2; exit 3', /which ends with exit code 3/],
    ['says something else', 'echo s3cret', /which gives no credentials/],
    ['says too much', 'yes s3cret', /which says more than 65536 bytes/],
  ])('passes over a helper that %s, says so, and shows nothing of it', async (_, script, problem) => {
    if (script !== undefined) await helper('x', script);
    await write('.docker/config.json', { credsStore: 'x' });
    const { looked, credentials } = await find('r.example/a');
    expect(credentials).toBeUndefined();
    expect(looked[0]).toMatch(problem);
    expect(JSON.stringify(looked)).not.toContain('s3cret');
  });

  test.each(['../x', '/bin/sh', 'a b', 'a/b', '-x', ''])('runs no helper named %j', async (name) => {
    await write('.docker/config.json', { credHelpers: { 'r.example': name } });
    const { looked } = await find('r.example/a');
    expect(looked[0]).toMatch(name === '' ? /config\.json$/ : /whose name is none/);
  });
});

describe('askHelper()', () => {
  const ask = (timeoutMs: number, signal: AbortSignal) =>
    askHelper('x', 'r.example', { environment: { PATH: `${bin}:${process.env.PATH}` }, timeoutMs, signal });

  test('gives an identity token', async () => {
    await helper('x', `echo '{"ServerURL":"r","Username":"<token>","Secret":"t"}'`);
    expect(await ask(250_000, never)).toEqual({ kind: 'identity', token: 't' });
  });

  test('does not wait for one that never ends, nor for what it left behind', async () => {
    await helper('x', 'sleep 60 & wait');
    expect(await ask(200, never)).toBe('names docker-credential-x, which does not answer within 0.2 s');
    await expect(ask(60_000, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
