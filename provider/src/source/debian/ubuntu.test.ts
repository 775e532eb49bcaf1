import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadKeyring } from './keyring.js';
import { UBUNTU_ARCHIVE_KEYS } from './keyring-ubuntu.js';
import { findMirrors } from './mirrors.js';
import { makeKey, TestArchive, type TestKey, type TestPackage } from './resolve.fixture.js';
import { type ResolveOptions, resolvePackages } from './resolve.js';

let key: TestKey;
beforeAll(async () => {
  key = await makeKey();
});

describe('resolvePackages() of Ubuntu', () => {
  let archive: TestArchive;
  beforeEach(async () => {
    archive = await TestArchive.start(key);
  });
  afterEach(() => archive[Symbol.asyncDispose]());

  /** As Ubuntu says it: one code name for all pockets, and hours without a zero in front. */
  async function publish(pocket: string, packages: TestPackage[], changes: Record<string, string> = {}): Promise<void> {
    const suite = `noble${pocket}`;
    const fields = { Origin: 'Ubuntu', Label: 'Ubuntu', Suite: suite, Codename: 'noble', Components: 'main universe' };
    const date = { Date: 'Sun, 31 May 2026  9:52:04 UTC' };
    const universe: TestPackage[] = pocket === '' ? [['crun', '1.0-1', { Depends: 'libc6' }]] : [];
    await archive.publish(suite, packages, { universe, fields: { ...fields, ...date, ...changes } });
  }
  const options = (): ResolveOptions => {
    const ubuntu = { main: `${archive.address}/debian`, security: `${archive.address}/debian-security` };
    const mirrors = { main: '', security: '', ubuntu, noDebian: new Error('there is no mirror of Debian') };
    return { ...archive.options, mirrors, suite: 'noble', distribution: 'ubuntu' };
  };
  const resolve = (changes: Partial<ResolveOptions> = {}) => resolvePackages(['crun'], { ...options(), ...changes });

  test('takes packages from main and universe, updates and security updates', async () => {
    await publish('', [['libc6', '2.39-0ubuntu8']]);
    await publish('-updates', [['libc6', '2.39-0ubuntu8.3']]);
    await publish('-security', [['libc6', '2.39-0ubuntu8.4']]);
    const { packages } = await resolve();
    expect(packages.map(({ name, version, archive }) => [name, version, archive])).toEqual([
      ['crun', '1.0-1', 'ubuntu'],
      ['libc6', '2.39-0ubuntu8.4', 'ubuntu-security'],
    ]);
  });

  test.each<[string, Record<string, string>]>([
    ['another distribution', { Origin: 'Debian' }],
    ['another pocket', { Suite: 'noble-proposed' }],
    ['another release', { Codename: 'jammy' }],
  ])('refuses the release of %s', async (_, changes) => {
    await publish('', [['libc6', '1']]);
    await publish('-updates', [], changes);
    await publish('-security', []);
    await expect(resolve()).rejects.toMatchObject({ code: 'wrong-archive' });
  });

  test('says why Debian has no mirror only where one is needed', async () => {
    await expect(resolve({ suite: 'trixie', distribution: 'debian' })).rejects.toThrow('there is no mirror of Debian');
  });

  test('refuses what another key has signed: its own one is the default', async () => {
    for (const pocket of ['', '-updates', '-security']) await publish(pocket, []);
    const { keys: _, ...withoutKeys } = options();
    const refused = resolvePackages(['crun'], withoutKeys);
    await expect(refused).rejects.toMatchObject({ code: 'bad-signature', message: expect.stringContaining('Ubuntu') });
  });
});

test('the key of Ubuntu is the one that it is called', async () => {
  const [loaded] = await loadKeyring(UBUNTU_ARCHIVE_KEYS);
  expect(loaded?.getUserIDs()).toEqual([expect.stringContaining('Ubuntu Archive Automatic Signing Key (2018)')]);
});

describe('findMirrors() of Ubuntu', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-apt-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('has security updates in the same place, unless another is set', async () => {
    const options = { aptDirectory: folder, distribution: 'ubuntu' as const, checkValidUntil: true };
    const main = 'http://mirror.example/ubuntu';
    expect(await findMirrors({ ...options, configured: { main } })).toEqual({ main, security: main });
    const security = 'http://security.example/ubuntu';
    expect(await findMirrors({ ...options, configured: { main, security } })).toEqual({ main, security });
  });

  test('takes those of a host that is one, and none of Debian', async () => {
    const options = { aptDirectory: folder, distribution: 'ubuntu' as const };
    await mkdir(join(folder, 'sources.list.d'));
    await writeFile(
      join(folder, 'sources.list.d/debian.sources'),
      'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n',
    );
    await expect(findMirrors(options)).rejects.toMatchObject({
      code: 'no-mirror',
      message: expect.stringContaining('INGOT_UBUNTU_MIRROR'),
    });
    await writeFile(
      join(folder, 'sources.list.d/ubuntu.sources'),
      `Types: deb\nURIs: http://mirror.example/ubuntu/\nSuites: noble noble-updates\nComponents: main universe
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n
Types: deb\nURIs: http://security.example/ubuntu\nSuites: noble-security\nComponents: main universe\n`,
    );
    expect(await findMirrors(options)).toEqual({
      main: 'http://mirror.example/ubuntu',
      security: 'http://security.example/ubuntu',
    });
  });
});
