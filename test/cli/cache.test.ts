import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, ingot } from './ingot.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-cli-cache-'));
  await writeFile(join(folder, 'web.yml'), 'init: ["dir:root"]\nfiles: [{ path: a, source: a.txt }]\n');
  await writeFile(join(folder, 'a.txt'), 'x'.repeat(5000));
  await mkdir(join(folder, 'root'));
  await writeFile(join(folder, 'root/file'), 'y'.repeat(5000));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(words: string, environment: Record<string, string> = {}): Promise<Ended> {
  return ingot(words.split(' '), { folder, environment });
}

async function blobs(cache = join(folder, '.cache')): Promise<string[]> {
  const found = await readdir(join(cache, 'blobs'), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('ingot cache', () => {
  test('dir prints the folder, and makes nothing', async () => {
    expect(await run('cache dir')).toEqual({ code: 0, stdout: `${join(folder, '.cache')}\n`, stderr: '' });
    expect((await readdir(folder)).sort()).toEqual(['a.txt', 'root', 'web.yml']);
  });

  test('du tells what takes how much', async () => {
    await run('build -f tar web.yml');
    const { code, stdout } = await run('cache du', { INGOT_CACHE_MAX_SIZE: '1GB', INGOT_CACHE_SHARED: '/nowhere' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+\/.cache\nover \/nowhere, which is only read\n\nKIND +FILES +SIZE\n/);
    expect(stdout).toMatch(/\nlayers +\d+ +[\d.]+ kB /);
    expect(stdout).toMatch(/\ntotal +\d+ +[\d.]+ kB +limit 1\.0 GB\n$/);
    const { totalBytes, maxBytes, usage } = JSON.parse((await run('cache du --json')).stdout);
    expect(maxBytes).toBe(20e9);
    expect(usage.reduce((sum: number, { sizeBytes }: { sizeBytes: number }) => sum + sizeBytes, 0)).toBe(totalBytes);
  });

  test('prune removes, and what is needed is made again', async () => {
    const first = await run('build -f tar web.yml');
    expect((await run('cache prune')).stdout).toMatch(/^removed 0 files, 0 B; [\d.]+ kB left\n$/);
    expect((await run('cache prune --dry-run --all')).stdout).toMatch(
      /^would remove \d+ files, .*; 0 B would be left\n$/,
    );
    expect((await blobs()).length).toBeGreaterThan(0);
    expect((await run('cache prune --older-than 1d')).stdout).toMatch(/^removed 0 files/);
    expect((await run('cache prune --max-size 0')).stdout).toMatch(/^removed \d+ files, .*; 0 B left\n$/);
    expect(await blobs()).toEqual([]);
    expect(await run('build -f tar web.yml')).toEqual(first);
    expect((await run('cache prune --all')).code).toBe(0);
    expect(await blobs()).toEqual([]);
  });

  test('verify names what is damaged, removes it, and answers by its exit code', async () => {
    await run('build -f tar web.yml');
    expect(await run('cache verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+ blobs, .*: all sound\n$/),
    });
    const [damaged = ''] = await blobs();
    await chmod(damaged, 0o644);
    await writeFile(damaged, 'other');
    const found = await run('cache verify');
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(
      new RegExp(`^damaged, removed: sha256:${damaged.split('/').at(-1)}\n\\d+ blobs, .*: 1 damaged\n$`),
    );
    expect((await run('cache verify')).code).toBe(0);
  });

  test('of another serves a build, and is left as it is', async () => {
    const first = await run('build -f tar web.yml');
    const before = await readdir(join(folder, '.cache'), { recursive: true });
    const own = join(folder, 'own');
    const environment = { INGOT_CACHE: own, INGOT_CACHE_SHARED: join(folder, '.cache') };
    expect(await run('build -f tar web.yml', environment)).toEqual(first);
    expect((await readdir(join(folder, '.cache'), { recursive: true })).sort()).toEqual(before.sort());
    // What it knows of the files of a folder, once they are old enough, is its own.
    const shared = new Set((await blobs()).map((path) => basename(path)));
    expect((await blobs(own)).filter((path) => shared.has(basename(path)))).toEqual([]);
  });

  test.each([
    [
      'cache prune --max-size much',
      {},
      'Cannot use --max-size "much": it is not understood; wanted a size such as 20GB',
      2,
    ],
    [
      'cache prune --older-than 3',
      {},
      'Cannot use --older-than "3": it is not understood; wanted a time such as 30d',
      2,
    ],
    ['cache prune --all --max-size 1GB', {}, 'Cannot prune the cache: --all leaves nothing to choose', 2],
    ['cache prune', { INGOT_CACHE_MAX_SIZE: 'none' }, 'Cannot prune the cache: it has no limit', 1],
    [
      'cache du',
      { INGOT_CACHE_MAX_SIZE: '0' },
      'Cannot use INGOT_CACHE_MAX_SIZE "0": it is not understood; wanted a size',
      1,
    ],
  ])('%s says what is wrong', async (words, environment, want, code) => {
    expect(await run(words, environment as Record<string, string>)).toMatchObject({
      code,
      stdout: '',
      stderr: expect.stringContaining(want),
    });
  });
});
