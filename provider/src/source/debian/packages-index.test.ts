import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseDeb822 } from '../../format/deb822.js';
import { openPackagesIndex, type PackagesIndex } from './packages-index.js';
import { formatEntry, packageEntryOf, parseEntry } from './packages-index-entry.js';
import { currentReleases } from './releases.js';
import { makeKey, stanzaOf, TestArchive, type TestKey, type TestPackage } from './resolve.fixture.js';

const PACKAGES: TestPackage[] = [
  ['crun', '1.21-1', { Depends: 'libc6 (>= 2.38),\n libcap2', 'Installed-Size': '2069', Essential: 'yes' }],
  ['mawk', '1.3', { Provides: 'awk, posix-awk (= 2)' }],
  ['crun', '1.20-1'],
];
const PLAIN = PACKAGES.map(stanzaOf).join('\n');
const FOLDER = 'debian/dists/trixie/main/binary-amd64';

let key: TestKey;
beforeAll(async () => {
  key = await makeKey();
});

describe('openPackagesIndex()', () => {
  let archive: TestArchive;
  beforeEach(async () => {
    archive = await TestArchive.start(key);
    await archive.publishAll({ release: PACKAGES });
  });
  afterEach(() => archive[Symbol.asyncDispose]());

  async function openIndex(changes: { offline?: boolean; architecture?: string } = {}): Promise<PackagesIndex> {
    const { patience, ...options } = archive.options;
    const [release] = await currentReleases({ ...options, maxAgeSeconds: 0, patience: patience.request });
    archive.requests.length = 0;
    if (release === undefined) throw new Error('no release');
    return openPackagesIndex(release, { ...options, ...changes, patience: patience.transfer });
  }

  async function expectPackages(index: PackagesIndex): Promise<void> {
    expect((await index.packages('crun')).map(({ version }) => version).sort()).toEqual(['1.20-1', '1.21-1']);
    expect((await index.packages('crun')).find(({ essential }) => essential)).toMatchObject({
      ...{ name: 'crun', version: '1.21-1', architecture: 'amd64', depends: 'libc6 (>= 2.38), libcap2' },
      ...{ installedKib: 2069, priority: 'optional', path: 'pool/main/crun_1.21-1_amd64.deb', sizeBytes: 100 },
    });
    expect(await index.providers('awk')).toEqual(['mawk']);
    expect(await index.providers('posix-awk')).toEqual(['mawk']);
    expect([await index.packages('awk'), await index.providers('crun'), await index.packages('')]).toEqual([
      [],
      [],
      [],
    ]);
    const names: string[] = [];
    for await (const name of index.names()) names.push(name);
    expect(names).toEqual(['crun', 'mawk']);
  }

  test('fetches the index by its digest, once', async () => {
    await expectPackages(await openIndex());
    expect(archive.requests).toEqual([expect.stringMatching(`^${FOLDER}/by-hash/SHA256/[0-9a-f]{64}$`)]);
    await expectPackages(await openIndex({ offline: true }));
    expect(archive.requests).toEqual([]);
  });

  test('needs nothing but the index when the compressed one has gone from the store, and makes it again otherwise', async () => {
    await openIndex();
    const other = await openIndex();
    await expectPackages(other);
    await expect(openIndex({ offline: true, architecture: 'arm64' })).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('fetches it by its name, where that is all there is', async () => {
    for (const path of archive.files.keys()) if (path.includes('by-hash')) archive.files.delete(path);
    await expectPackages(await openIndex());
    expect(archive.requests.at(-1)).toBe(`${FOLDER}/Packages.gz`);
    expect(archive.requests).toHaveLength(2);
  });

  test('fetches it by its name, where the release does not offer digests', async () => {
    await archive.publish('trixie', PACKAGES, { fields: { 'Acquire-By-Hash': undefined } });
    await expectPackages(await openIndex());
    expect(archive.requests).toEqual([`${FOLDER}/Packages.gz`]);
  });

  test('reads an index that is not compressed', async () => {
    await archive.publish('trixie', PACKAGES, { forms: [{ ending: '', bytes: Buffer.from(PLAIN) }] });
    await expectPackages(await openIndex());
  });

  const hasXz = spawnSync('xz', ['--version']).status === 0;
  test.skipIf(!hasXz)(`reads .xz, and prefers .gz${hasXz ? '' : ' (not run: no xz here to make one)'}`, async () => {
    const xz = { ending: '.xz', bytes: spawnSync('xz', ['-c'], { input: PLAIN }).stdout };
    const gz = { ending: '.gz', bytes: gzipSync(PLAIN) };
    const plain = { ending: '', bytes: Buffer.from(PLAIN) };
    const fields = { 'Acquire-By-Hash': 'no' };
    await archive.publish('trixie', PACKAGES, { forms: [xz, plain], fields });
    await expectPackages(await openIndex());
    expect(archive.requests).toEqual([`${FOLDER}/Packages.xz`]);
    const more = `${PLAIN}\nPackage: other\nVersion: 1\nArchitecture: all\nFilename: pool/o.deb\nSize: 1\nSHA256: ${'0'.repeat(64)}\n`;
    await archive.publish('trixie', more, {
      forms: [
        { ...xz, bytes: spawnSync('xz', ['-c'], { input: more }).stdout },
        { ...gz, bytes: gzipSync(more) },
      ],
      fields,
    });
    expect(await (await openIndex()).packages('other')).toHaveLength(1);
    expect(archive.requests).toEqual([`${FOLDER}/Packages.gz`]);
  });

  function replaceIndex(bytes: Buffer): void {
    for (const [path] of archive.files) if (path.startsWith(FOLDER)) archive.files.set(path, bytes);
  }

  test.each<[string, () => void, string, RegExp]>([
    [
      'was altered',
      () => replaceIndex(flipped(archive.files.get(`${FOLDER}/Packages.gz`) as Buffer)),
      'digest-mismatch',
      /its digest is sha256:.*; the signed release lists sha256:/,
    ],
    ['is too short', () => replaceIndex(Buffer.alloc(10)), 'size-mismatch', /10 bytes/],
    ['is too long', () => replaceIndex(Buffer.alloc(10_000)), 'size-mismatch', /10000 bytes/],
    [
      'is missing',
      () => {
        for (const path of archive.files.keys()) if (path.includes('/main/')) archive.files.delete(path);
      },
      'not-found',
      /Cannot fetch/,
    ],
  ])('refuses an index that %s, and keeps nothing of it', async (_name, spoil, code, message) => {
    spoil();
    await expect(openIndex()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await archive.publish('trixie', PACKAGES);
    await expectPackages(await openIndex());
  });

  test.each<[string, Buffer, string]>([
    ['holds something else than is listed', gzipSync(PLAIN.replace('mawk', 'gawk')), 'digest-mismatch'],
    ['holds more than is listed', gzipSync(Buffer.alloc(50_000_000, 'x')), 'too-large'],
    ['cannot be decompressed', Buffer.from('no gzip at all'), 'malformed'],
  ])('refuses an index that is signed, but %s', async (_name, bytes, code) => {
    await archive.publish('trixie', PACKAGES, { forms: [{ ending: '.gz', bytes }] });
    await expect(openIndex()).rejects.toMatchObject({ code });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a name', { Package: '../x' }, /of the package "\.\.\/x" the field package is "\.\.\/x"/],
    ['a version', { Version: '1/2' }, /of the package "ab" the field version is "1\/2"/],
    ['a path', { Filename: 'pool/../../etc/passwd' }, /the field filename is "pool\/\.\.\/\.\.\/etc\/passwd"/],
    ['an absolute path', { Filename: '/etc/passwd' }, /the field filename/],
    ['a size', { Size: '1e3' }, /the field size is "1e3"/],
    ['a large size', { Size: '99999999999999999999' }, /the field size/],
    ['a digest', { SHA256: 'abc' }, /the field sha256 is "abc"/],
    ['an architecture', { Architecture: 'a b' }, /the field architecture is "a b"/],
    ['what it provides', { Provides: 'a b c' }, /"a b c" is not a package name/],
  ])('refuses an index with %s that is none', async (_name, fields, message) => {
    await archive.publish('trixie', [['ab', '1', fields]]);
    await expect(openIndex()).rejects.toMatchObject({ code: 'malformed', message: expect.stringMatching(message) });
  });

  test('says that the network is needed, when it may not be used', async () => {
    await expect(openIndex({ offline: true })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/its package index is not in the cache, and Ingot is set to work offline/),
    });
  });
});

describe('parseEntry()', () => {
  test('is the inverse of formatEntry()', () => {
    for (const stanza of parseDeb822(PLAIN)) {
      const entry = packageEntryOf(stanza);
      const line = formatEntry(entry);
      expect(parseEntry(entry.name, line.slice(line.indexOf('\t') + 1))).toEqual(entry);
    }
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[20] = (copy[20] ?? 0) ^ 1;
  return copy;
}
