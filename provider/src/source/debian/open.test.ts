import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { entryBlocks } from '../../format/tar-reader.fixture.js';
import { sha256 } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { buildPackage, mirrorIn, pinOf } from './open.fixture.js';
import { type OpenOptions, openPackage, openPackages, readControl } from './open.js';

let folder: string;
let store: Store;
let options: OpenOptions;
let lookups: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-open-'));
  store = await Store.open(join(folder, 'store'));
  lookups = 0;
  const mirrors = async () => {
    lookups += 1;
    return mirrorIn(folder);
  };
  options = { store, mirrors, signal: new AbortController().signal, progress: () => undefined };
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const web = (compression: 'none' | 'gzip' | 'xz' | 'zstd' = 'xz') =>
  buildPackage(folder, {
    name: 'web',
    compression,
    files: { 'usr/sbin/web': 'program', 'etc/web.conf': 'port = 80\n', 'usr/share/large': Buffer.alloc(400_000, 7) },
    control: {
      conffiles: '/etc/web.conf\n',
      postinst: '#!/bin/sh\nexit 0\n',
      prerm: '#!/bin/sh\nexit 0\n',
      triggers: '# about caches\ninterest-noawait /usr/share/web\nactivate ldconfig\n',
    },
    prepare: (root) => {
      chmodSync(join(root, 'usr/sbin/web'), 0o4755);
      symlinkSync('../sbin/web', join(root, 'usr/share/link'));
      linkSync(join(root, 'usr/sbin/web'), join(root, 'usr/sbin/web2'));
    },
  });

/** A `.deb` put together by ar, on the mirror. */
function packageOf(members: Readonly<Record<string, Uint8Array | string>>): PinnedPackage {
  const deb = join(folder, 'mirror/pool/made.deb');
  execFileSync('mkdir', ['-p', join(folder, 'mirror/pool')]);
  const parts = Object.entries(members).map(([name, body]) => {
    const bytes = Buffer.from(body as string);
    const header = `${name.padEnd(16)}0           0     0     100644  ${`${bytes.length}`.padEnd(10)}\`\n`;
    return Buffer.concat([Buffer.from(header), bytes, Buffer.alloc(bytes.length % 2, '\n')]);
  });
  writeFileSync(deb, Buffer.concat([Buffer.from('!<arch>\n'), ...parts]));
  return pinOf(deb, { name: 'made', version: '1', path: 'pool/made.deb' });
}

const tarOf = (name: string, body: string | Uint8Array) =>
  Buffer.concat([entryBlocks({ name }, Buffer.from(body as string)), Buffer.alloc(1024)]);
const control = tarOf('./control', 'Package: made\nVersion: 1\n');

describe('openPackage()', () => {
  test.each(['none', 'gzip', 'xz', 'zstd'] as const)(
    'gives what dpkg-deb packed, compressed with %s',
    async (compression) => {
      const pinned = web(compression);
      const layer = await openPackage(pinned, options);
      const packed = execFileSync('dpkg-deb', ['--fsys-tarfile', join(folder, 'mirror', pinned.path)], {
        maxBuffer: 1 << 26,
      });
      expect(layer.digest).toBe(sha256(packed));
      expect(layer.package).toEqual({ name: 'web', version: '1.0-1' });
      const entries = new Map(layer.entries.map((entry) => [entry.path, entry]));
      expect([...entries.keys()].sort()).toEqual([
        'etc',
        'etc/web.conf',
        'usr',
        'usr/sbin',
        'usr/sbin/web',
        'usr/sbin/web2',
        'usr/share',
        'usr/share/large',
        'usr/share/link',
      ]);
      expect(entries.get('usr/sbin/web')).toMatchObject({ type: 'file', mode: 0o4755, uid: 0, gid: 0 });
      expect(entries.get('usr/sbin/web2')).toMatchObject({ type: 'hardlink', link: 'usr/sbin/web' });
      expect(entries.get('usr/share/link')).toMatchObject({ type: 'symlink', link: '../sbin/web' });
      const content = entries.get('etc/web.conf')?.content;
      expect(content?.sha256).toBe(sha256('port = 80\n'));
      expect(content && (await store.read(content)).toString()).toBe('port = 80\n');
    },
  );

  test('opens again without mirror and package, until the layer is gone', async () => {
    const pinned = web();
    const first = await openPackage(pinned, options);
    expect(lookups).toBe(1);
    await rm(join(folder, 'mirror'), { recursive: true });
    await rm(store.pathOf(pinned.digest));
    const offline = { ...options, offline: true };
    expect(await openPackage(pinned, offline)).toEqual(first);
    expect(await readControl(pinned, offline)).toMatchObject({ scripts: ['postinst', 'prerm'] });
    expect(lookups).toBe(1);

    await rm(store.pathOf(first.digest));
    await expect(openPackage(pinned, offline)).rejects.toMatchObject({ code: 'unreachable' });
    expect(await openPackage(web(), options)).toEqual(first);
  });

  test('makes a layer again that has vanished, from the package in the store', async () => {
    const pinned = web();
    const first = await openPackage(pinned, options);
    await rm(store.pathOf(first.digest));
    expect(await openPackage(pinned, { ...options, offline: true })).toEqual(first);
    expect(await store.has(first.digest)).toBe(true);
  });

  test.each([
    [
      'an additional member',
      { 'debian-binary': '2.0\n', _sig: 'x', 'control.tar': control, 'data.tar': tarOf('./a', 'b'), more: '' },
    ],
    [
      'a newer minor version',
      { 'debian-binary': '2.7\nmore\n', 'control.tar': control, 'data.tar': tarOf('./a', 'b') },
    ],
  ])('reads a package with %s', async (_, members) => {
    expect((await openPackage(packageOf(members), options)).entries.map(({ path }) => path)).toEqual(['a']);
  });

  const data = tarOf('./a', 'b');
  test.each([
    ['malformed', 'no archive', undefined],
    ['malformed', 'no version', { 'control.tar': control, 'data.tar': data }],
    ['malformed', 'another version', { 'debian-binary': '3.0\n', 'control.tar': control, 'data.tar': data }],
    ['malformed', 'no data', { 'debian-binary': '2.0\n', 'control.tar': control }],
    ['malformed', 'data before control', { 'debian-binary': '2.0\n', 'data.tar': data, 'control.tar': control }],
    [
      'malformed',
      'control without a control file',
      { 'debian-binary': '2.0\n', 'control.tar': tarOf('./x', ''), 'data.tar': data },
    ],
    [
      'malformed',
      'a control file that is none',
      { 'debian-binary': '2.0\n', 'control.tar': tarOf('./control', '?'), 'data.tar': data },
    ],
    [
      'malformed',
      'data that is cut off',
      { 'debian-binary': '2.0\n', 'control.tar': control, 'data.tar': data.subarray(0, 700) },
    ],
    [
      'malformed',
      'data that is not xz',
      { 'debian-binary': '2.0\n', 'control.tar': control, 'data.tar.xz': 'not xz at all' },
    ],
    [
      'malformed',
      'a path that leads out',
      { 'debian-binary': '2.0\n', 'control.tar': control, 'data.tar': tarOf('../a', 'b') },
    ],
    ['unsupported', 'bzip2', { 'debian-binary': '2.0\n', 'control.tar': control, 'data.tar.bz2': 'BZh9' }],
  ])('throws %s for %s, naming the package, and remembers nothing', async (code, _, members) => {
    let pinned: PinnedPackage;
    if (members === undefined) {
      packageOf({});
      const deb = join(folder, 'mirror/pool/made.deb');
      writeFileSync(deb, 'no archive');
      pinned = pinOf(deb, { name: 'made', version: '1', path: 'pool/made.deb' });
    } else pinned = packageOf(members);
    const opening = openPackage(pinned, options);
    await expect(opening).rejects.toBeInstanceOf(SourceError);
    await expect(opening).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^Cannot open the package made 1 \(pool\/made\.deb\): /),
    });
    await rm(join(folder, 'mirror'), { recursive: true });
    await expect(openPackage(pinned, options)).rejects.toMatchObject({ code });
  });

  test('stops with the reason of an abort', async () => {
    const abort = new AbortController();
    const progress = () => abort.abort(new Error('enough'));
    await expect(openPackage(web(), { ...options, progress, signal: abort.signal })).rejects.toThrow('enough');
  });
});

describe('openPackages()', () => {
  test('gives the layers in the order of the pin', async () => {
    const packages = ['e', 'd', 'c', 'b', 'a'].map((name) =>
      buildPackage(folder, { name: `p${name}`, files: { [name]: name } }),
    );
    const layers = await openPackages({ kind: 'debian', suite: 'trixie', packages }, options);
    expect(layers.map((layer) => layer.package?.name)).toEqual(['pe', 'pd', 'pc', 'pb', 'pa']);
    expect(layers.map((layer) => layer.entries[0]?.path)).toEqual(['e', 'd', 'c', 'b', 'a']);
  });

  test('throws for the first package that cannot be opened', async () => {
    const good = web();
    const packages = [good, { ...good, digest: sha256('x'), path: 'pool/gone.deb' }];
    const opening = openPackages({ kind: 'debian', suite: 'trixie', packages }, options);
    await expect(opening).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('openPackage() of one with maintainer scripts', () => {
  const made = (postinst: string) =>
    buildPackage(folder, { name: 'web', compression: 'gzip', files: { 'usr/bin/web': 'x' }, control: { postinst } });

  test('says which do more than is known, also when all is in the cache', async () => {
    const pinned = made('#!/bin/sh\nadduser --system web\n');
    const wanted = { name: 'web', version: '1.0-1', unknownScripts: ['postinst'] };
    expect((await openPackage(pinned, options)).package).toEqual(wanted);
    await rm(store.pathOf(pinned.digest));
    expect((await openPackage(pinned, { ...options, offline: true })).package).toEqual(wanted);
  });

  test('says nothing of those that do nothing', async () => {
    expect((await openPackage(made('#!/bin/sh\nset -e\n'), options)).package).toEqual({
      name: 'web',
      version: '1.0-1',
    });
  });
});

describe('readControl()', () => {
  test('gives fields, configuration files, scripts and triggers, without opening the layer', async () => {
    const pinned = web();
    const layer = sha256(
      execFileSync('dpkg-deb', ['--fsys-tarfile', join(folder, 'mirror', pinned.path)], { maxBuffer: 1 << 26 }),
    );
    const read = await readControl(pinned, options);
    expect(read).toMatchObject({
      fields: { package: 'web', version: '1.0-1', architecture: 'amd64' },
      conffiles: ['etc/web.conf'],
      scripts: ['postinst', 'prerm'],
      triggers: ['interest-noawait /usr/share/web', 'activate ldconfig'],
    });
    expect(read.fields.description).toMatch(/^for tests/);
    expect(await store.has(layer)).toBe(false);
    expect(await readControl(pinned, options)).toEqual(read);
  });
});
