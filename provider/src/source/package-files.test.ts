import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DebianPin } from '../model/pin.js';
import { withoutPaths } from '../model/reference.js';
import { fetchPackage } from './debian/fetch.js';
import { buildPackage } from './debian/open.fixture.js';
import { makeKey, TestArchive, type TestKey } from './debian/resolve.fixture.js';
import { resolvePackages } from './debian/resolve.js';
import { pinWithFiles, readPackageFiles } from './package-files.js';

let key: TestKey;
beforeAll(async () => {
  key = await makeKey();
});

let folder: string;
let archive: TestArchive;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-files-'));
  archive = await TestArchive.start(key);
  await archive.publishAll({
    release: [
      ['libz', '1'],
      ['my', '9'],
      ['nginx', '1', { Depends: 'my-virtual' }],
    ],
  });
});
afterEach(async () => {
  await archive[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Builds `debs/my.deb`. */
async function build(version: string, fields: string, body = 'x'): Promise<void> {
  const made = buildPackage(folder, {
    name: 'my',
    compression: 'gzip',
    files: { 'usr/bin/my': body },
    control: {
      control: `Package: my\nVersion: ${version}\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: t\n${fields}`,
    },
  });
  await mkdir(join(folder, 'debs'), { recursive: true });
  await rename(join(folder, 'mirror', made.path), join(folder, 'debs/my.deb'));
}

const REFERENCE = 'deb:debs/my.deb,nginx';

async function read(reference = REFERENCE) {
  const { signal } = new AbortController();
  const { store } = archive;
  const options = { store, platform: 'linux/amd64' as const, directory: folder, signal };
  return readPackageFiles([[reference, { property: 'services[0].image' }]], options);
}

async function resolved(): Promise<DebianPin> {
  const { files } = await read();
  return resolvePackages(['my.deb', 'nginx'], { ...archive.options, files: [...files.values()] });
}

describe('package files', () => {
  test('are resolved with the rest: over newer ones of the archive, with what they need and provide', async () => {
    await build('1.0', 'Depends: libz\nProvides: my-virtual\n');
    const pin = await resolved();
    expect(pin.packages.map(({ name, version, archive, path }) => [name, version, archive, path])).toEqual([
      ['libz', '1', 'main', 'pool/main/libz_1_amd64.deb'],
      ['my', '1.0', 'local', 'my.deb'],
      ['nginx', '1', 'main', 'pool/main/nginx_1_amd64.deb'],
    ]);
    expect(pin.packages[1]).toMatchObject({ relations: expect.stringMatching(/^sha256:/) });
    expect(pin.packages[0]).not.toHaveProperty('relations');
  });

  test('have the name of the file in the lock, and no path', async () => {
    await build('1.0', '');
    expect(withoutPaths(REFERENCE)).toBe('deb:my.deb,nginx');
    expect((await read()).images).toEqual({ 'deb:my.deb,nginx': REFERENCE });
  });

  test('move a pin with what they hold, as long as they need the same', async () => {
    await build('1.0', 'Depends: libz\nProvides: my-virtual\n');
    const pin = await resolved();
    await build('1.1', 'Depends: libz\nProvides: my-virtual\n', 'other');
    const { files } = await read();
    const moved = pinWithFiles('deb:my.deb,nginx', pin, files) as DebianPin;
    expect(moved.packages[1]).toMatchObject({ version: '1.1', digest: files.get('my.deb')?.entry.digest });
    expect(moved.packages[1]?.digest).not.toBe(pin.packages[1]?.digest);
    expect([moved.packages[0], moved.packages[2]]).toEqual([pin.packages[0], pin.packages[2]]);
    await build('1.1', 'Depends: libz, nginx\nProvides: my-virtual\n');
    expect(pinWithFiles('deb:my.deb,nginx', pin, (await read()).files)).toBeUndefined();
    expect(pinWithFiles('deb:my.deb,nginx', pin, new Map())).toBeUndefined();
    expect(pinWithFiles('deb:nginx', pin, new Map())).toBe(pin);
  });

  test('are taken from their place, where the store does not have them', async () => {
    await build('1.0', 'Depends: libz\nProvides: my-virtual\n');
    const pinned = (await resolved()).packages[1];
    if (pinned === undefined) throw new Error('not pinned');
    const { store, signal, progress } = archive.options;
    const mirrors = () => Promise.reject(new Error('no mirror is asked'));
    const options = { store, signal, progress, mirrors, files: { paths: ['debs/my.deb'], directory: folder } };
    await rm(store.pathOf(pinned.digest));
    await fetchPackage(pinned, options);
    expect(await store.has(pinned.digest)).toBe(true);
    await rm(store.pathOf(pinned.digest));
    await writeFile(join(folder, 'debs/my.deb'), 'something else');
    await expect(fetchPackage(pinned, options)).rejects.toMatchObject({ code: 'changed' });
    await expect(fetchPackage(pinned, { ...options, files: { paths: [], directory: '' } })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('my.deb'),
    });
  });

  test.each<[string, () => Promise<unknown>, string, string]>([
    ['are missing', async () => undefined, 'unreadable', 'there is no such file'],
    ['are none', async () => writeFile(join(folder, 'debs/my.deb'), 'no package'), 'malformed', 'debs/my.deb'],
    [
      'are for another architecture',
      async () => build('1', '').then(() => buildOther()),
      'unsupported',
      'it is for arm64, and the image for amd64',
    ],
    ['have no proper version', async () => build('1', 'Installed-Size: -1\n'), 'malformed', 'installed-size'],
  ])('are refused where they %s', async (_, prepare, code, text) => {
    await mkdir(join(folder, 'debs'), { recursive: true });
    await prepare();
    await expect(read()).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  test('of the same name must be the same', async () => {
    await build('1.0', '');
    await mkdir(join(folder, 'other'));
    await rename(join(folder, 'debs/my.deb'), join(folder, 'other/my.deb'));
    await build('1.1', '');
    await expect(read('deb:debs/my.deb,other/my.deb')).rejects.toMatchObject({ code: 'bad-reference' });
  });
});

async function buildOther(): Promise<void> {
  const control = 'Package: my\nVersion: 1\nArchitecture: arm64\nMaintainer: T <t@example.org>\nDescription: t\n';
  const { path } = buildPackage(folder, { name: 'my', compression: 'gzip', control: { control } });
  await rename(join(folder, 'mirror', path), join(folder, 'debs/my.deb'));
}
