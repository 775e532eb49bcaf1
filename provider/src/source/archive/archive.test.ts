import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sourceOf } from '../../format/byte-source.js';
import { FormatError } from '../../format/error.js';
import { sha256 } from '../../model/digest.js';
import { Store } from '../../store/store.js';
import { FixtureBlobs, tarOf } from '../oci/image.fixture.js';
import { openDockerArchive } from './docker-archive.js';
import { openArchive } from './open-archive.js';
import { listTarFiles } from './tar-files.js';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-archive-'));
  store = await Store.open(join(folder, 'cache'));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const { signal } = new AbortController();
const about = 'docker-archive:a.tar';

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(folder, 'in', path)), { recursive: true });
  writeFileSync(join(folder, 'in', path), content);
}

function tar(...args: readonly string[]): string {
  const path = join(folder, 'a.tar');
  execFileSync('tar', ['-cf', path, ...args, '-C', join(folder, 'in'), '.']);
  return path;
}

describe('listTarFiles()', () => {
  const long = `${'long/'.repeat(40)}name`;

  test.each(['gnu', 'pax', 'ustar'])('finds files in archives of GNU tar in format %s', async (format) => {
    write('a', 'first');
    write('b/c', 'second');
    if (format !== 'ustar') write(long, 'third');
    symlinkSync('../a', join(folder, 'in/b/link'));
    execFileSync('ln', [join(folder, 'in/a'), join(folder, 'in/hard')]);
    const bytes = readFileSync(tar(`--format=${format}`));
    const files = await listTarFiles(sourceOf(bytes));
    const textOf = (path: string) => {
      const { offset = 0, sizeBytes = 0 } = files.get(path) ?? {};
      return bytes.toString('latin1', offset, offset + sizeBytes);
    };
    expect(['a', 'b/c', 'b/link', 'hard'].map(textOf)).toEqual(['first', 'second', 'first', 'first']);
    if (format !== 'ustar') expect(textOf(long)).toBe('third');
  });

  test('ends with links that lead in a circle, and leaves out those that lead nowhere', async () => {
    mkdirSync(join(folder, 'in'));
    symlinkSync('y', join(folder, 'in/x'));
    symlinkSync('x', join(folder, 'in/y'));
    symlinkSync('/etc/passwd', join(folder, 'in/z'));
    expect([...(await listTarFiles(sourceOf(readFileSync(tar())))).keys()]).toEqual([]);
  });

  test('throws nothing but FormatError, whatever the bytes', async () => {
    const good = tarOf({ a: 'x'.repeat(600), 'b/c': 'y', d: null });
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(good.length), async (changes, length) => {
        const bytes = Buffer.from(good.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        try {
          const files = await listTarFiles(sourceOf(bytes));
          for (const { offset, sizeBytes } of files.values()) expect(offset + sizeBytes).toBeLessThanOrEqual(length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});

describe('openArchive()', () => {
  test.each([
    ['what is no archive', 'x'.repeat(2000), 'malformed'],
    ['gzip data that is cut off', Buffer.from('1f8b0800000000000003', 'hex'), 'malformed'],
  ])('refuses %s', async (_, content, code) => {
    write('a.tar', content);
    const opening = openArchive(join(folder, 'in/a.tar'), { about, store, signal });
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(`Cannot read ${about}`) });
  });

  test('refuses a folder with advice', async () => {
    await expect(openArchive(folder, { about, store, signal })).rejects.toThrow(
      /is not a file; name an archive, or oci:/,
    );
  });
});

describe('openDockerArchive()', () => {
  const open = async (path: string) =>
    openDockerArchive(await openArchive(path, { about, store, signal }), { about, signal });

  /** As Docker 25 and later: the blobs of a layout, with a manifest.json beside them. */
  function save(tags: readonly string[][], rest: { config?: string; layers?: string[] } = {}): string {
    const blobs = new FixtureBlobs();
    const image = blobs.addImage({ layers: [{ files: { a: 'x' }, compression: 'none' }] });
    const manifest = JSON.parse((blobs.blobs.get(image.digest) as Buffer).toString());
    for (const [digest, bytes] of blobs.blobs) write(`blobs/sha256/${digest.slice(7)}`, bytes);
    const pathOf = (digest: string) => `blobs/sha256/${digest.slice(7)}`;
    const Config = rest.config ?? pathOf(manifest.config.digest);
    const Layers = rest.layers ?? manifest.layers.map(({ digest }: { digest: string }) => pathOf(digest));
    write('manifest.json', JSON.stringify(tags.map((RepoTags) => ({ Config, RepoTags, Layers }))));
    return tar();
  }

  test.each(['', 'web', 'web:latest', 'docker.io/library/web'])('finds the image %j', async (name) => {
    const { bytes } = await (await open(save([['web:latest']]))).manifest(name);
    const { layers } = JSON.parse(Buffer.from(bytes).toString());
    expect(layers).toMatchObject([{ digest: sha256(tarOf({ a: 'x' })) }]);
  });

  test('asks which image where there are several', async () => {
    const source = await open(save([['web:1'], ['example.org/app:2']]));
    await expect(source.manifest('')).rejects.toThrow(/it has 2 images; .*: web:1, example\.org\/app:2/);
    await expect(source.manifest('app:2')).rejects.toThrow(/it has no image app:2/);
  });

  test.each([
    [{ config: '../../etc/passwd' }, /names "\.\.\/\.\.\/etc\/passwd", which it does not have/],
    [{ layers: ['/etc/passwd'] }, /names "\/etc\/passwd"/],
  ])('reads nothing but the archive for %j', async (rest, message) => {
    await expect((await open(save([['web:1']], rest))).manifest('')).rejects.toThrow(message);
  });

  test('tells archives that are none, and those that are too old', async () => {
    write('x', '');
    await expect(open(tar())).rejects.toThrow(/no archive of docker save/);
    write('repositories', '{}');
    await expect(open(tar())).rejects.toThrow(/older than 1\.10/);
  });
});
