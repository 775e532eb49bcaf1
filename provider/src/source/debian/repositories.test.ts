import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createMessage, sign } from 'openpgp';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchPackage } from './fetch.js';
import { type DeclaredRepository, openRepositories, repositoryAddresses } from './repositories.js';
import { makeKey, SIGNED, signed, stanzaOf, TestArchive, type TestKey, type TestPackage } from './resolve.fixture.js';
import { resolvePackages } from './resolve.js';

let debianKey: TestKey;
let vendorKey: TestKey;
let stranger: TestKey;
let archive: TestArchive;
beforeAll(async () => {
  [debianKey, vendorKey, stranger] = await Promise.all([makeKey(), makeKey(), makeKey()]);
});
beforeEach(async () => {
  archive = await TestArchive.start(debianKey);
  await archive.publishAll({
    release: [
      ['tool', '1.0'],
      ['libfoo', '1.0'],
      ['base', '1.0'],
    ],
  });
});
afterEach(() => archive[Symbol.asyncDispose]());

interface VendorOptions {
  /** Under which the vendor's files lie on the server. */
  readonly at?: string;
  readonly suite?: string;
  readonly component?: string;
  readonly by?: TestKey;
  readonly detached?: boolean;
  readonly fields?: Readonly<Record<string, string | undefined>>;
}

/** Puts a vendor's repository on the server; one whose suite ends in `/` is flat. */
async function publish(packages: readonly TestPackage[], options: VendorOptions = {}): Promise<void> {
  const { at = 'vendor', suite = 'stable', component = 'main', by = vendorKey } = options;
  const isFlat = suite.endsWith('/');
  const root = isFlat ? `${at}/${suite.replace(/^\.?\//, '')}` : `${at}/dists/${suite}/`;
  const folder = isFlat ? '' : `${component}/binary-amd64/`;
  const gz = gzipSync(Buffer.from(packages.map(stanzaOf).join('\n')));
  const fields: Record<string, string | undefined> = {
    Origin: 'Vendor, Inc.',
    Codename: isFlat ? undefined : suite,
    Date: SIGNED.toUTCString().replace('GMT', 'UTC'),
    SHA256: `\n ${sha256(gz)} ${gz.length} ${isFlat ? './' : ''}${folder}Packages.gz`,
    ...options.fields,
  };
  const release = Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]))
    .join('');
  archive.files.set(`${root}${folder}Packages.gz`, gz);
  if (options.detached !== true) {
    archive.files.set(`${root}InRelease`, Buffer.from(await signed(release, { by: [by] })));
    return;
  }
  const signature = await sign({
    ...{ message: await createMessage({ binary: Buffer.from(release) }), signingKeys: by.privateKey },
    ...{ detached: true, date: SIGNED, format: 'binary' as const },
  });
  archive.files.set(`${root}Release`, Buffer.from(release));
  archive.files.set(`${root}Release.gpg`, Buffer.from(signature as Uint8Array));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function armoured(key: TestKey): string {
  return key.privateKey.toPublic().armor();
}

const base = () => archive.address;

async function resolve(names: readonly string[], declared: Partial<DeclaredRepository> = {}, environment = {}) {
  const whole = { url: `${base()}/vendor`, suites: ['stable'], components: ['main'], signedBy: armoured(vendorKey) };
  const options = { directory: archive.directory, environment };
  const repositories = await openRepositories([{ ...whole, ...declared }], options);
  return resolvePackages(names, { ...archive.options, repositories });
}

const versions = (pin: Awaited<ReturnType<typeof resolve>>) =>
  pin.packages.map(({ name, version, archive: from }) => `${name} ${version} ${from}`);

describe("resolvePackages() with a vendor's repository", () => {
  test('finds packages in it, with what they need of both, by its own name in pins', async () => {
    await publish([
      ['agent', '2.0', { Depends: 'libfoo, agent-data' }],
      ['agent-data', '2.0'],
    ]);
    expect(versions(await resolve(['agent']))).toEqual([
      'agent 2.0 vendor-inc',
      'agent-data 2.0 vendor-inc',
      'libfoo 1.0 main',
    ]);
    const named = await resolve(['agent'], { name: 'ours' });
    expect(new Set(named.packages.map((one) => one.archive))).toEqual(new Set(['ours', 'main']));
  });

  test.each([
    ['newest of all, where priorities are equal', {}, ['2.0', '1.0'], 'tool 2.0 vendor-inc'],
    ['that of Debian, where the vendor has less', { priority: 100 }, ['2.0'], 'tool 1.0 main'],
    ['that of the vendor, where it has more, also if it is older', { priority: 600 }, ['0.9'], 'tool 0.9 vendor-inc'],
    ['that of Debian, of equal versions', {}, ['1.0'], 'tool 1.0 main'],
  ])('takes the %s', async (_name, declared, offered, wanted) => {
    await publish(offered.map((version) => ['tool', version]));
    expect(versions(await resolve(['tool'], declared))).toEqual([wanted]);
  });

  test('takes from a lower priority what only that has, in the version that is asked for', async () => {
    await publish([
      ['tool', '2.0'],
      ['agent', '1.0', { Depends: 'tool (>= 2)' }],
    ]);
    expect(versions(await resolve(['agent'], { priority: 1 }))).toEqual([
      'agent 1.0 vendor-inc',
      'tool 2.0 vendor-inc',
    ]);
    expect(versions(await resolve(['tool=2.0'], { priority: 1 }))).toEqual(['tool 2.0 vendor-inc']);
  });

  test.each(['/', './', 'deb/', 'a/b/'])('reads the flat suite %s', async (suite) => {
    await publish([['agent', '2.0', { Filename: './amd64/agent.deb' }]], { suite });
    const pin = await resolve(['agent'], { suites: [suite], components: [] });
    expect(pin.packages).toMatchObject([{ name: 'agent', path: 'amd64/agent.deb' }]);
  });

  test('reads several suites and components', async () => {
    await publish([['one', '1.0']], {
      suite: 'bookworm/product/7.0',
      component: 'main',
      fields: { Codename: 'bookworm' },
    });
    await publish([['two', '1.0']], { at: 'vendor', suite: 'stable', component: 'non-free/x' });
    await expect(resolve(['one', 'two'], { suites: ['stable'], components: ['non-free/x'] })).rejects.toMatchObject({
      code: 'unknown-package',
    });
    const pin = await resolve(['two'], { suites: ['stable'], components: ['non-free/x'] });
    expect(versions(pin)).toEqual(['two 1.0 vendor-inc']);
    expect(versions(await resolve(['one'], { suites: ['bookworm/product/7.0'] }))).toEqual(['one 1.0 vendor-inc']);
  });

  test('reads a signature in a file of its own', async () => {
    await publish([['agent', '2.0']], { detached: true });
    expect(versions(await resolve(['agent']))).toEqual(['agent 2.0 vendor-inc']);
    archive.files.set('vendor/dists/stable/Release', Buffer.from('Origin: other\n'));
    await expect(resolve(['agent'], { name: 'again', signedBy: armoured(stranger) })).rejects.toMatchObject({
      code: 'bad-signature',
    });
  });

  test.each([
    ["Debian's own key", () => debianKey],
    ['a stranger', () => stranger],
  ])('refuses a release by %s: only the key of the repository counts', async (_name, by) => {
    await publish([['agent', '2.0']], { by: by() });
    await expect(resolve(['agent'])).rejects.toMatchObject({
      code: 'bad-signature',
      message: expect.stringMatching(/a key that is not trusted\); wanted a release signed by a key of signedBy/),
    });
  });

  test("does not take the vendor's key for Debian's own archives", async () => {
    await publish([]);
    await archive.publish('trixie', [['tool', '6.6.6']], { by: [vendorKey] });
    await expect(resolve(['tool'])).rejects.toMatchObject({ code: 'bad-signature' });
  });

  test.each<[string, VendorOptions, Partial<DeclaredRepository>, string, RegExp]>([
    [
      'another suite',
      { fields: { Codename: 'testing', Suite: 'next' } },
      {},
      'wrong-archive',
      /its suite is "testing" and "next"; wanted "stable"/,
    ],
    ['no such suite', {}, { suites: ['unstable'] }, 'unknown-suite', /check url and suites in debian\.repositories$/],
    ['no such component', {}, { components: ['extra'] }, 'unsupported', /it lists no packages for amd64 in extra/],
    [
      'one that is out of date',
      { fields: { 'Valid-Until': 'Sat, 30 May 2026 12:00:00 UTC' } },
      {},
      'expired',
      /it was valid until/,
    ],
  ])('refuses %s', async (_name, options, declared, code, message) => {
    await publish([['agent', '2.0']], options);
    await expect(resolve(['agent'], declared)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('sends user name and password, and shows them nowhere', async () => {
    await publish([['agent', '2.0']]);
    const files = new Map(archive.files);
    for (const [path, bytes] of files) {
      if (!path.startsWith('vendor/')) continue;
      archive.files.set(path, (response, headers) => {
        const wanted = `Basic ${Buffer.from('ci@corp:hunter2:§').toString('base64')}`;
        if (headers.authorization === wanted) response.end(bytes);
        else response.writeHead(401).end();
      });
    }
    const auth = { user: 'ci@corp', passwordVariable: 'VENDOR_PASSWORD' };
    const pin = await resolve(['agent'], { auth }, { VENDOR_PASSWORD: 'hunter2:§' });
    expect(JSON.stringify(pin)).not.toMatch(/hunter2|corp/);
    const wrong = await resolve(['agent'], { auth, name: 'x' }, { VENDOR_PASSWORD: 'wrong-one' }).catch(String);
    const again = await resolve(['agent'], { auth, suites: ['other'] }, { VENDOR_PASSWORD: 'wrong-one' }).catch(String);
    expect(`${wrong} ${again}`).not.toMatch(/wrong-one|ci@corp|ci%40corp/);
    await expect(resolve(['agent'], { auth })).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/the environment variable VENDOR_PASSWORD, which has its password, is not set$/),
      context: { property: 'debian.repositories[0].auth' },
    });
  });
});

describe('fetchPackage()', () => {
  const body = Buffer.from('a package');
  const pinned = {
    ...{ name: 'agent', version: '2.0', architecture: 'amd64', digest: `sha256:${sha256(body)}` as const },
    ...{ sizeBytes: body.length, archive: 'ours', path: 'pool/agent.deb' },
  };

  async function fetch(repositories: readonly { name?: string; url: string }[]) {
    const { store, progress, signal, patience } = archive.options;
    const mirrors = { ...archive.mirrors, repositories: repositoryAddresses(repositories, {}) };
    return fetchPackage(pinned, { store, progress, signal, mirrors: async () => mirrors, patience: patience.transfer });
  }

  test('asks the repository with the name that is pinned first, then the others', async () => {
    archive.files.set('b/pool/agent.deb', body);
    const at = (folder: string, name = folder) => ({ url: `${base()}/${folder}`, name });
    await fetch([at('a'), at('c'), at('b', 'ours')]);
    expect(archive.requests).toEqual(['b/pool/agent.deb']);
  });

  test('finds a package in a repository that is called otherwise now, by its digest', async () => {
    archive.files.set('a/pool/agent.deb', Buffer.from('another1!'));
    archive.files.set('c/pool/agent.deb', body);
    await fetch(['a', 'b', 'c'].map((name) => ({ url: `${base()}/${name}` })));
    expect(archive.requests).toEqual(['a/pool/agent.deb', 'b/pool/agent.deb', 'c/pool/agent.deb']);
  });

  test('says which repository is missing', async () => {
    await expect(fetch([])).rejects.toMatchObject({
      code: 'no-mirror',
      message: expect.stringMatching(/it lies in the repository ours, which is not among debian\.repositories/),
    });
  });
});

describe('openRepositories()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-keys-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (signedBy: string) =>
    openRepositories([{ url: 'https://a.example/', suites: ['./'], signedBy }], { directory: folder, environment: {} });

  test('reads keys from files, armoured or not, one or several', async () => {
    const keys = [vendorKey, stranger].map(({ privateKey }) => privateKey.toPublic());
    const wanted = keys.map((key) => key.getFingerprint().toUpperCase());
    await writeFile(join(folder, 'binary.gpg'), Buffer.concat(keys.map((key) => Buffer.from(key.write()))));
    await writeFile(join(folder, 'armoured.asc'), `# ours\n${keys.map((key) => key.armor()).join('\n')}`);
    for (const name of ['binary.gpg', 'armoured.asc']) {
      const [repository] = await open(name);
      expect(repository?.keys.map(({ fingerprint }) => fingerprint)).toEqual(wanted);
      expect(repository?.address).toBe('https://a.example');
    }
  });

  test.each([
    ['a missing file', 'none.asc', 'not-found', /^Cannot read none\.asc: there is no such file; it is named by/],
    ['a folder', '.', 'unreadable', /EISDIR/],
    ['something else', 'page.html', 'bad-signature', /^Cannot use the keys in page\.html/],
    ['a private key', 'private.asc', 'bad-signature', /there is a private key among them/],
  ])('refuses %s, with its place', async (_name, signedBy, code, message) => {
    await writeFile(join(folder, 'page.html'), '<html>');
    await writeFile(join(folder, 'private.asc'), vendorKey.privateKey.armor());
    await expect(open(signedBy)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      context: { property: 'debian.repositories[0].signedBy' },
    });
  });
});
