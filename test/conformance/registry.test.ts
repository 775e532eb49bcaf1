import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isDigest, sha256 } from '../../provider/src/model/digest.js';
import { silent } from '../../provider/src/model/progress.js';
import { openConfig, openLayers } from '../../provider/src/source/oci/open.js';
import { resolveImage } from '../../provider/src/source/oci/resolve.js';
import { RegistryClient, type RegistrySettings } from '../../provider/src/source/registry/client.js';
import { parseImageName, referenceOf } from '../../provider/src/source/registry/image-name.js';
import { openRegistry, type RegistrySource } from '../../provider/src/source/registry/registry.js';
import { PATIENCE } from '../../provider/src/source/transfer.js';
import { Store } from '../../provider/src/store/store.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { makeImage, push, run } from './registry-images.js';
import { type RegistryServer, startRegistry } from './registry-server.js';
import { startTokenServer, type TokenServer } from './registry-tokens.js';

const missing = missingPrograms('docker-registry', 'skopeo', 'umoci', 'openssl');
const never = new AbortController().signal;
/** However slow this machine is: what is refused or missing is told as such, and never as late. */
const patience = { ...PATIENCE, stallMs: 10 * 60_000 };
const CREDENTIALS = 'jo:s3cret';
/** As `htpasswd -nbB jo s3cret` made it. */
const HTPASSWD = 'jo:$2y$04$lXPp5j9lE5VgiZKH4rWOquChinYxCs.HJg85IFbNiaA8/mhJfQ1C.\n';
const IDENTITY = 'an-identity-token';

let folder: string;
let image: string;
let certificate: string;
let key: string;
const servers: { stop(): Promise<void> }[] = [];
const clients: RegistryClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-registry-'));
  if (missing !== undefined) return;
  image = await makeImage(folder);
  certificate = join(folder, 'certificate.pem');
  key = join(folder, 'key.pem');
  const subject = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  await run(
    'openssl',
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', certificate],
  );
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

async function registryIn(name: string, options: Omit<Parameters<typeof startRegistry>[0], 'folder'> = {}) {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  const server = await startRegistry({ folder: own, ...options });
  servers.push(server);
  return server;
}

/** A repository, asked by somebody with these files in their home. */
async function ask(
  name: string,
  { config, ...settings }: Partial<RegistrySettings> & { readonly config?: unknown } = {},
): Promise<{ readonly source: RegistrySource; readonly reference: string }> {
  const home = await mkdtemp(join(folder, 'home-'));
  if (config !== undefined) {
    await mkdir(join(home, '.docker'));
    await writeFile(join(home, '.docker/config.json'), JSON.stringify(config));
  }
  const environment = { HOME: home, PATH: `${home}:${process.env.PATH}`, ...settings.environment };
  const client = await RegistryClient.open({ ...settings, environment });
  clients.push(client);
  const parsed = parseImageName(name);
  return { source: openRegistry(parsed, { client, signal: never, patience }), reference: referenceOf(parsed) };
}

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

/** Fetches, verifies and unpacks all of an image into a store of its own. */
async function pull({ source, reference }: Awaited<ReturnType<typeof ask>>) {
  const store = await Store.open(await mkdtemp(join(folder, 'store-')));
  const about = 'an image';
  const options = { store, signal: never, progress: silent, about };
  try {
    const pin = await resolveImage(source, { ...options, platform: 'linux/amd64', reference });
    const opened = { ...options, source: async () => source };
    return { pin, layers: await openLayers(pin, opened), config: await openConfig(pin, opened) };
  } finally {
    await store.close();
  }
}

describe("Debian's registry", () => {
  skipAllBecause(missing);

  describe('open to everybody', () => {
    let registry: RegistryServer;
    beforeAll(async () => {
      if (missing !== undefined) return;
      registry = await registryIn('open');
      await push(image, `${registry.host}/team/app:1.0`);
      await push(image, `${registry.host}/team/app:old`, { format: 'v2s2' });
    });

    test.each([
      ['1.0', 'application/vnd.oci.image.manifest.v1+json'],
      ['old', 'application/vnd.docker.distribution.manifest.v2+json'],
    ])('gives the manifest of :%s as skopeo sees it', async (tag, mediaType) => {
      const name = `${registry.host}/team/app:${tag}`;
      const raw = await run('skopeo', 'inspect', '--tls-verify=false', '--raw', `docker://${name}`);
      const { source } = await ask(name);
      const manifest = await source.manifest(tag);
      expect(manifest.mediaType).toBe(mediaType);
      expect(Buffer.from(manifest.bytes).toString('utf8')).toBe(raw);
      expect(await source.digestOf(tag)).toBe(sha256(manifest.bytes));
      const byDigest = await source.manifest(sha256(manifest.bytes));
      expect(byDigest.bytes).toEqual(manifest.bytes);
    });

    test.each(['1.0', 'old'])('gives the whole image :%s, as skopeo describes it', async (tag) => {
      const name = `${registry.host}/team/app:${tag}`;
      const { pin, layers, config } = await pull(await ask(name));
      const inspected = JSON.parse(await run('skopeo', 'inspect', '--tls-verify=false', `docker://${name}`));
      expect(pin.manifest).toBe(inspected.Digest);
      expect(pin.layers.map(({ digest }) => digest)).toEqual(inspected.Layers);
      expect(layers.flatMap((layer) => layer.entries.map(({ path }) => path))).toEqual(
        expect.arrayContaining(['srv/hello', 'srv/large']),
      );
      expect(config).toMatchObject({ command: ['/srv/hello'] });
    });

    test('gives a blob from any place', async () => {
      const { source, reference } = await ask(`${registry.host}/team/app:1.0`);
      const { layers } = JSON.parse(Buffer.from((await source.manifest(reference)).bytes).toString('utf8'));
      const { digest, size: sizeBytes } = layers[1];
      const whole = await bytesOf(source.blob(digest, { sizeBytes, signal: never }));
      expect(sha256(whole)).toBe(digest);
      const rest = await bytesOf(source.blob(digest, { sizeBytes, offset: 1000, signal: never }));
      expect(rest).toEqual(whole.subarray(1000));
      expect(await bytesOf(source.blob(digest, { sizeBytes, offset: sizeBytes, signal: never }))).toHaveLength(0);
      const wrong = source.blob(digest, { sizeBytes: sizeBytes + 1, signal: never });
      await expect(bytesOf(wrong)).rejects.toMatchObject({ code: 'size-mismatch' });
    });

    test('says what it does not have', async () => {
      const { source } = await ask(`${registry.host}/team/app`);
      await expect(source.manifest('1.1')).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringMatching(
          /^Cannot fetch the manifest of .*team\/app:1\.1 .*MANIFEST_UNKNOWN.*did you mean 1\.0\?/,
        ),
      });
      await expect(source.digestOf('none')).rejects.toMatchObject({ code: 'not-found' });
      const other = await ask(`${registry.host}/team/none`);
      await expect(other.source.manifest('latest')).rejects.toMatchObject({ code: 'not-found' });
      const nothing = sha256('nothing');
      await expect(bytesOf(source.blob(nothing, { sizeBytes: 7, signal: never }))).rejects.toMatchObject({
        code: 'not-found',
      });
    });

    test('is asked in place of others, as a mirror', async () => {
      const address = `http://${registry.host}`;
      const { source } = await ask('registry.invalid/team/app', { mirrors: [`registry.invalid=${address}`] });
      expect(isDigest(await source.digestOf('1.0'))).toBe(true);
      const { source: hub } = await ask('team/app', { mirrors: [`docker.io=${address}/`] });
      expect(isDigest(await hub.digestOf('1.0'))).toBe(true);
      const { source: all } = await ask('other.invalid/team/app', { mirrors: [address] });
      expect(isDigest(await all.digestOf('1.0'))).toBe(true);
    });
  });

  describe('with passwords', () => {
    let registry: RegistryServer;
    beforeAll(async () => {
      if (missing !== undefined) return;
      const path = join(folder, 'htpasswd');
      await writeFile(path, HTPASSWD);
      registry = await registryIn('passwords', { auth: { htpasswd: { realm: 'r', path } } });
      await push(image, `${registry.host}/team/app:1.0`, { credentials: CREDENTIALS });
    });

    test('lets in who has logged in', async () => {
      const config = { auths: { [registry.host]: auth(CREDENTIALS) } };
      const { layers } = await pull(await ask(`${registry.host}/team/app:1.0`, { config }));
      expect(layers).toHaveLength(2);
    });

    test('takes what skopeo wrote when it logged in', async () => {
      const file = join(folder, 'auth.json');
      const [user = '', password = ''] = CREDENTIALS.split(':');
      const login = ['login', '--tls-verify=false', '--authfile', file, '-u', user, '-p', password, registry.host];
      await run('skopeo', ...login);
      const { source } = await ask(`${registry.host}/team/app`, { environment: { REGISTRY_AUTH_FILE: file } });
      expect(isDigest(await source.digestOf('1.0'))).toBe(true);
    });

    test('takes what a credential helper says', async () => {
      const bin = await mkdtemp(join(folder, 'bin-'));
      const helper = join(bin, 'docker-credential-made-up');
      await writeFile(
        helper,
        `#!/bin/sh\nread host; [ "$1 $host" = "get ${registry.host}" ] && ` +
          `echo '{"ServerURL":"x","Username":"jo","Secret":"s3cret"}'\n`,
      );
      await chmod(helper, 0o755);
      const environment = { PATH: `${bin}:${process.env.PATH}` };
      for (const config of [{ credHelpers: { [registry.host]: 'made-up' } }, { credsStore: 'made-up' }]) {
        const { source } = await ask(`${registry.host}/team/app`, { config, environment });
        expect(isDigest(await source.digestOf('1.0'))).toBe(true);
      }
    });

    test.each([
      [
        'nobody',
        undefined,
        /log in with docker login .*there are no credentials for it in .*config\.json \(not there\)/,
      ],
      ['somebody else', { 'other.invalid': auth('jo:s3cret') }, /no credentials for it in .*config\.json, /],
      ['a wrong password', 'wrong', /does not accept what is in .*config\.json; log in again/],
    ])('says to %s where it looked', async (_, auths, message) => {
      const config = auths === 'wrong' ? { auths: { [registry.host]: auth('jo:wr0ng') } } : auths && { auths };
      const { source } = await ask(`${registry.host}/team/app`, config === undefined ? {} : { config });
      const failure = await source.manifest('1.0').catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'forbidden', message: expect.stringMatching(message) });
      expect((failure as Error).message).not.toMatch(/wr0ng|s3cret/);
    });
  });

  describe('with TLS', () => {
    let registry: RegistryServer;
    beforeAll(async () => {
      if (missing !== undefined) return;
      registry = await registryIn('tls', { tls: { certificate, key } });
      await push(image, `${registry.host}/team/app:1.0`);
    });

    test('is trusted where its authority is given', async () => {
      const { layers } = await pull(await ask(`${registry.host}/team/app:1.0`, { caFile: certificate }));
      expect(layers).toHaveLength(2);
    });

    test('is not trusted otherwise', async () => {
      const { source } = await ask(`${registry.host}/team/app:1.0`);
      await expect(source.manifest('1.0')).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringContaining('INGOT_REGISTRY_CA'),
      });
    });
  });

  describe('with a token server', () => {
    let registry: RegistryServer;
    let tokens: TokenServer;
    beforeAll(async () => {
      if (missing !== undefined) return;
      tokens = await startTokenServer({ certificate, key, credentials: CREDENTIALS, identity: IDENTITY });
      servers.push(tokens);
      const { realm } = tokens;
      registry = await registryIn('tokens', {
        auth: { token: { realm, service: 'registry', issuer: 'tokens', rootcertbundle: certificate } },
      });
      await push(image, `${registry.host}/public/app:1.0`, { credentials: CREDENTIALS });
      await push(image, `${registry.host}/team/app:1.0`, { credentials: CREDENTIALS });
    });

    test('lets everybody in to what is public, with one token for all', async () => {
      tokens.asked.length = 0;
      const { layers } = await pull(await ask(`${registry.host}/public/app:1.0`));
      expect(layers).toHaveLength(2);
      expect(tokens.asked).toEqual(['GET repository:public/app:pull']);
    });

    test('lets in who has a password', async () => {
      tokens.asked.length = 0;
      const config = { auths: { [registry.host]: auth(CREDENTIALS) } };
      await pull(await ask(`${registry.host}/team/app:1.0`, { config }));
      expect(tokens.asked).toEqual(['GET repository:team/app:pull with credentials']);
    });

    test('lets in who has an identity token', async () => {
      tokens.asked.length = 0;
      const config = { auths: { [registry.host]: { auth: '', identitytoken: IDENTITY } } };
      await pull(await ask(`${registry.host}/team/app:1.0`, { config }));
      expect(tokens.asked).toEqual(['POST repository:team/app:pull']);
    });

    test.each([
      ['nobody', undefined],
      ['a wrong password', { auth: Buffer.from('jo:wr0ng').toString('base64') }],
      ['a wrong identity token', { identitytoken: 'wr0ng' }],
    ])('refuses %s', async (_, entry) => {
      const config = entry === undefined ? {} : { auths: { [registry.host]: entry } };
      const { source } = await ask(`${registry.host}/team/app`, { config });
      const failure = await source.manifest('1.0').catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'forbidden', message: expect.stringContaining('log in') });
      expect((failure as Error).message).not.toMatch(/wr0ng/);
    });
  });
});

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const gathered: Uint8Array[] = [];
  for await (const chunk of chunks) gathered.push(chunk);
  return Buffer.concat(gathered);
}
