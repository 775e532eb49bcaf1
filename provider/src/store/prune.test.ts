import { chmod, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { endBlocks, entryBlocks } from '../format/tar-reader.fixture.js';
import { type Digest, hexOf, sha256 } from '../model/digest.js';
import { kindsOfBlobs } from './kinds.js';
import { putTar, rememberLayer } from './layers.js';
import { prune, pruneIfDue } from './prune.js';
import { Store } from './store.js';
import { survey } from './survey.js';
import { OUT } from './take-out.js';
import { usageOf } from './usage.js';

const HOUR_MS = 60 * 60 * 1000;
const nowMs = Date.now();

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-prune-'));
  store = await Store.open(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A blob of 1000 bytes that was used last so many hours ago. */
async function blobUsed(hoursAgo: number, name = `blob ${hoursAgo}`): Promise<Digest> {
  const { digest } = await store.put(Buffer.alloc(1000, name));
  await age(digest, hoursAgo);
  return digest;
}

async function age(digest: Digest, hoursAgo: number): Promise<void> {
  const { blobs } = await survey(folder);
  const time = new Date(nowMs - hoursAgo * HOUR_MS);
  await utimes(store.pathOf(digest), time, time);
  for (const mark of blobs.find((blob) => blob.digest === digest)?.marks ?? []) await utimes(mark, time, time);
}

const digests = async () => (await survey(folder)).blobs.map(({ digest }) => digest).sort();

describe('prune()', () => {
  test('removes what was used longest ago, until the rest is small enough', async () => {
    const [, middle, young] = [await blobUsed(30), await blobUsed(20), await blobUsed(10)];
    await store.close();
    expect(await prune(folder, { maxBytes: 2500, nowMs })).toEqual({
      removed: 1,
      removedBytes: 1000,
      keptBytes: 2000,
      inUseBytes: 0,
    });
    expect(await digests()).toEqual([middle, young].sort());
    expect(await prune(folder, { maxBytes: 2000, nowMs })).toMatchObject({ removed: 0, keptBytes: 2000 });
    expect(await prune(folder, { maxBytes: 0, nowMs })).toMatchObject({ removed: 2, keptBytes: 0 });
    expect(await readdir(join(folder, 'temporary'))).toEqual([]);
  });

  test('removes what was not used for so long, however small the store is', async () => {
    const [, young] = [await blobUsed(30), await blobUsed(10)];
    await store.close();
    expect(await prune(folder, { unusedForMs: 20 * HOUR_MS, nowMs })).toMatchObject({ removed: 1 });
    expect(await digests()).toEqual([young]);
  });

  test('counts a blob as used when it is asked for', async () => {
    const [old, young] = [await blobUsed(30), await blobUsed(10)];
    await store.close();
    // Its own times were set above, so it is compared again.
    expect(await store.has(old)).toBe(true);
    await store.close();
    await prune(folder, { maxBytes: 1000, nowMs });
    expect(await digests()).toEqual([old]);
    expect(await store.has(young)).toBe(false);
  });

  test('removes nothing that a running build has used, and the rest', async () => {
    const [one, other, written] = [await blobUsed(30), await blobUsed(20), sha256('new')];
    await store.close();
    const build = await Store.open(folder);
    await build.has(one);
    await build.put(Buffer.from('new'));
    expect(await prune(folder, { maxBytes: 0, nowMs, dryRun: true })).toMatchObject({ removed: 1, inUseBytes: 1003 });
    expect(await digests()).toHaveLength(3);
    expect(await prune(folder, { maxBytes: 0, nowMs })).toMatchObject({ removed: 1, inUseBytes: 1003 });
    expect(await digests()).toEqual([one, written].sort());
    expect(await build.has(other)).toBe(false);
    await build.close();
    expect(await prune(folder, { maxBytes: 0, nowMs })).toMatchObject({ removed: 2, keptBytes: 0 });
  });

  test('removes nothing that a build compares with its digest, and uses, just before it is to go', async () => {
    const one = await blobUsed(30);
    await store.close();
    const build = await Store.open(folder);
    const found = await survey(folder);
    vi.spyOn(await import('./survey.js'), 'survey').mockImplementationOnce(async () => {
      // The mark is that of another state of the file then.
      await chmod(build.pathOf(one), 0o400);
      expect(await build.has(one)).toBe(true);
      return found;
    });
    expect(await prune(folder, { maxBytes: 0, nowMs })).toMatchObject({ removed: 0, inUseBytes: 1000 });
    vi.restoreAllMocks();
    expect(await build.read({ blob: one, offset: 0, sizeBytes: 1000 })).toHaveLength(1000);
    await build.close();
  });

  test('leaves the marks of what another process has in its hands, and may be about to put back', async () => {
    const one = await blobUsed(30);
    expect(await store.has(one)).toBe(true);
    await store.close();
    const found = await survey(folder);
    const marks = found.blobs.flatMap((blob) => blob.marks);
    for (const mark of marks) await utimes(mark, new Date(nowMs), new Date(nowMs - 30 * HOUR_MS));
    const old = await survey(folder);
    const build = await Store.open(folder);
    const [path, away] = [build.pathOf(one), join(folder, 'temporary', `${OUT}${hexOf(one)}-x`)];
    vi.spyOn(await import('./survey.js'), 'survey').mockImplementationOnce(async () => {
      expect(await build.has(one)).toBe(true);
      await rename(path, away);
      return old;
    });
    await prune(folder, { maxBytes: 0, nowMs });
    vi.restoreAllMocks();
    await rename(away, path);
    expect(await prune(folder, { maxBytes: 0, nowMs })).toMatchObject({ removed: 0, inUseBytes: 1000 });
    await build.close();
  });

  test('that is stopped while it has a blob in its hands keeps nobody from reading it', async () => {
    const { digest } = await store.put(Buffer.from('in use'));
    expect(await store.has(digest)).toBe(true);
    await rename(store.pathOf(digest), join(folder, 'temporary', `${OUT}${hexOf(digest)}-x`));
    expect((await store.read({ blob: digest, offset: 0, sizeBytes: 6 })).toString()).toBe('in use');
  });

  test('removes packages that are unpacked first, and those whose layer is lost last', async () => {
    const stream = async function* () {
      yield* [entryBlocks({ name: 'a' }, 'body'), endBlocks];
    };
    const unpacked = await blobUsed(1, 'unpacked');
    const packed = await blobUsed(2, 'packed');
    const old = await blobUsed(30);
    const layer = await putTar(store, stream());
    await rememberLayer(store, `debian package ${unpacked}`, layer);
    await rememberLayer(store, `debian package ${packed}`, { ...layer, digest: sha256('lost') });
    await store.close();
    const total = (await usageOf(folder)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    await prune(folder, { maxBytes: total - 1, nowMs });
    expect(await digests()).not.toContain(unpacked);
    await prune(folder, { maxBytes: total - 1001, nowMs });
    expect(await digests()).not.toContain(old);
    expect(await digests()).toContain(packed);
    await age(layer.digest, 1);
  });

  test('fails with the folder when it cannot be read', async () => {
    await store.close();
    await rm(join(folder, 'blobs'), { recursive: true });
    await writeFile(join(folder, 'blobs'), '');
    expect(await prune(folder, { maxBytes: 0, nowMs })).toMatchObject({ removed: 0 });
  });
});

describe('a store with a limit', () => {
  test('is pruned when it is closed after much was written, and then not for an hour', async () => {
    await blobUsed(30);
    await blobUsed(20);
    const limited = await Store.open(folder, { maxBytes: 2100 });
    await store.close();
    await limited.put(Buffer.alloc(100, 1));
    await limited.close();
    expect(await digests()).toHaveLength(3);
    await limited.put(Buffer.alloc(10, 2));
    await limited.close();
    // Ten bytes more than the limit, but neither an hour has passed nor was much written.
    expect(await digests()).toHaveLength(4);
    await limited.put(Buffer.alloc(200, 3));
    await limited.close();
    expect(await digests()).toHaveLength(4);
    expect((await usageOf(folder)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThanOrEqual(2100);
    await writeFile(join(folder, 'pruned'), '');
    await pruneIfDue(folder, { maxBytes: 0, writtenBytes: 0, nowMs: Date.now() + 2 * HOUR_MS });
    expect(await digests()).toHaveLength(0);
  });

  test('without one is never pruned', async () => {
    await blobUsed(1000);
    await store.close();
    expect(await digests()).toHaveLength(1);
  });
});

describe('usageOf()', () => {
  test('tells what takes how much, by kind', async () => {
    const stream = async function* () {
      yield* [entryBlocks({ name: 'a' }, 'body'), endBlocks];
    };
    const deb = await store.put(Buffer.from('deb'));
    const layer = await putTar(store, stream());
    await rememberLayer(store, `debian package ${deb.digest}`, layer);
    const kernel = await store.put(Buffer.from('kernel'));
    await store.remember('artifact x', { kernel: { ...kernel } });
    await store.remember('initrd-segment 1 x', { ...(await store.put(Buffer.from('part'))) });
    await store.put(Buffer.from('user'));
    await writeFile(join(folder, 'temporary', 'x'), '12345');
    const usage = Object.fromEntries(
      (await usageOf(folder)).map(({ kind, files, sizeBytes }) => [kind, [files, sizeBytes]]),
    );
    expect(usage).toMatchObject({
      inputs: [1, 3],
      artifacts: [1, 6],
      parts: [1, 4],
      other: [1, 4],
      temporary: [1, 5],
      layers: [2, expect.any(Number)],
      facts: [3, expect.any(Number)],
    });
    expect((await kindsOfBlobs(await survey(folder))).get(layer.digest)).toBe('layers');
  });
});
