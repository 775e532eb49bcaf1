import { chmod, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { endBlocks, entryBlocks } from '../format/tar-reader.fixture.js';
import { type Digest, sha256 } from '../model/digest.js';
import { silent } from '../model/progress.js';
import { flipBit } from './flip-bit.fixture.js';
import { putTar, recallLayer, rememberLayer } from './layers.js';
import { Store } from './store.js';
import { verify } from './verify.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let folder: string;
let store: Store;
const onDamage = vi.fn();

beforeEach(async () => {
  onDamage.mockClear();
  folder = await mkdtemp(join(tmpdir(), 'ingot-damage-'));
  store = await Store.open(join(folder, 'own'), { shared: [join(folder, 'shared')], onDamage });
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const whole = (digest: Digest, sizeBytes: number) => ({ blob: digest, offset: 0, sizeBytes });
const data = Buffer.alloc(3_000_000, 'some bytes of a package');
const files = async (place: string) =>
  (await readdir(join(store.directory, place), { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
/** As by another process. */
const again = async () => {
  await store.close();
  store = await Store.open(store.directory, { shared: [join(folder, 'shared')], onDamage });
};

describe('a blob in which a bit was flipped', () => {
  test.each([0, 1_500_000, 2_999_999])('at %i counts as not there, is removed, and can be put again', async (at) => {
    const { digest } = await store.put(data);
    await flipBit(store.pathOf(digest), at);
    await again();
    const path = store.pathOf(digest);
    expect(await store.has(digest)).toBe(false);
    expect(onDamage.mock.calls).toEqual([[digest, path]]);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await store.put(data, { expect: { digest } });
    expect(await store.read(whole(digest, data.length))).toEqual(data);
    expect(onDamage).toHaveBeenCalledTimes(1);
  });

  test('is noticed by read() alone, too, and by the same process as soon as it opens the blob again', async () => {
    const { digest } = await store.put(data);
    expect(await store.has(digest)).toBe(true);
    await flipBit(store.pathOf(digest), 7);
    const reading = store.read(whole(digest, 10));
    await expect(reading).rejects.toMatchObject({ code: 'corrupt' });
    await expect(reading).rejects.toThrow(/^Cannot read .*: it was damaged, and is removed; run again$/);
    expect(onDamage).toHaveBeenCalledTimes(1);
  });

  test('is noticed when its file was given the time that it had', async () => {
    const { digest } = await store.put(data);
    const path = store.pathOf(digest);
    const { atime, mtime } = await stat(path);
    await flipBit(path, 7);
    await utimes(path, atime, mtime);
    await again();
    expect(await store.has(digest)).toBe(false);
  });

  test('is noticed within a month when the file system shows nothing of it', async () => {
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    const { digest } = await store.put(data);
    const path = store.pathOf(digest);
    await flipBit(path, 7);
    await again();
    // What a disk loses by itself: the mark is that of the damaged file.
    const { setMark } = await import('./mark.js');
    const status = await stat(path, { bigint: true });
    setMark({ digest, directory: store.directory, status }, { checkedMs: Date.now() });
    expect(await store.has(digest)).toBe(true);
    await again();
    vi.setSystemTime(Date.now() + 31 * DAY_MS);
    expect(await store.has(digest)).toBe(false);
  });

  test('in a layer makes the layer one that has to be made again', async () => {
    const tar = [entryBlocks({ name: 'a' }, 'body'), endBlocks];
    const make = async () => {
      const stream = async function* () {
        yield* tar;
      };
      const layer = await putTar(store, stream());
      await rememberLayer(store, 'key', layer);
      return layer;
    };
    const layer = await make();
    for (const blob of [layer.digest, (await verifyAll()).digests.find((digest) => digest !== layer.digest)]) {
      await flipBit(store.pathOf(blob as Digest), 3);
      await again();
      expect(await recallLayer(store, 'key')).toBeUndefined();
      expect(await make()).toEqual(layer);
      expect(await recallLayer(store, 'key')).toEqual(layer);
    }
  });
});

describe('a sound blob', () => {
  test('is compared once, by all processes together, until its file changes', async () => {
    // At some midnight it is compared again.
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    const { digest } = await store.put(data);
    const digestFile = vi.spyOn(await import('./digest-file.js'), 'digestFile');
    for (let turn = 0; turn < 3; turn++) {
      await again();
      expect(await store.has(digest)).toBe(true);
      expect((await store.read(whole(digest, 10))).length).toBe(10);
    }
    expect(digestFile).toHaveBeenCalledTimes(0);
    const later = new Date();
    await utimes(store.pathOf(digest), later, later);
    await Promise.all([store.has(digest), store.has(digest), store.has(digest)]);
    await again();
    expect(await store.has(digest)).toBe(true);
    expect(digestFile).toHaveBeenCalledTimes(1);
    digestFile.mockRestore();
  });
});

describe('a fact in which a bit was flipped', () => {
  test('is forgotten, wherever it is', async () => {
    await store.remember('key', { digit: 1, text: 'abc' });
    const [entry] = await files('facts');
    const path = join(entry?.parentPath ?? '', entry?.name ?? '');
    const { size } = await stat(path);
    for (let at = 0; at < size; at++) {
      await store.remember('key', { digit: 1, text: 'abc' });
      await flipBit(path, at);
      expect(await store.recall('key')).toBeUndefined();
    }
  });
});

describe('a shared store', () => {
  let shared: Store;
  beforeEach(async () => {
    shared = await Store.open(join(folder, 'shared'));
  });
  afterEach(() => shared.close());

  test('is read where the own one has nothing, and not written', async () => {
    const { digest } = await shared.put(data);
    await shared.remember('key', 'shared');
    await shared.close();
    const before = await readdir(shared.directory, { recursive: true });
    expect(await store.has(digest)).toBe(true);
    expect(store.pathOf(digest)).toBe(shared.pathOf(digest));
    expect(await store.read(whole(digest, 10))).toEqual(data.subarray(0, 10));
    expect(await store.put(Buffer.from('not read'), { expect: { digest } })).toEqual({
      digest,
      sizeBytes: data.length,
    });
    expect(await store.recall('key')).toBe('shared');
    await store.remember('key', 'own');
    await store.put(Buffer.from('own'));
    expect(await store.recall('key')).toBe('own');
    expect(await shared.recall('key')).toBe('shared');
    expect((await readdir(shared.directory, { recursive: true })).sort()).toEqual(before.sort());
    expect(await files('blobs')).toHaveLength(1);
  });

  test('is believed in nothing: a blob is compared before it is used, and passed over when damaged', async () => {
    const { digest } = await shared.put(data);
    const path = shared.pathOf(digest);
    await flipBit(path, 5);
    const status = await stat(path, { bigint: true });
    const { setMark } = await import('./mark.js');
    setMark({ digest, directory: shared.directory, status }, { checkedMs: Date.now() });
    expect(await store.has(digest)).toBe(false);
    expect(onDamage.mock.calls).toEqual([[digest, path]]);
    expect((await stat(path)).size).toBe(data.length);
    await store.put(data, { expect: { digest } });
    expect(store.pathOf(digest)).not.toBe(path);
    expect(await store.read(whole(digest, data.length))).toEqual(data);
  });

  test('that is not there, or is no store, is as good as none', async () => {
    await writeFile(join(folder, 'file'), '');
    const other = await Store.open(store.directory, { shared: [join(folder, 'nowhere'), join(folder, 'file')] });
    expect(await other.has(sha256('x'))).toBe(false);
    expect(await other.recall('x')).toBeUndefined();
    await other.close();
  });
});

describe('verify()', () => {
  test('names what is damaged, and removes it alone', async () => {
    const good = await store.put(data);
    const bad = await store.put(Buffer.from('bad'));
    const cut = await store.put(Buffer.from('cut off'));
    await store.remember('good', 1);
    await store.remember('bad', 1);
    expect((await verifyAll()).damaged).toEqual([]);
    await flipBit(store.pathOf(bad.digest), 1);
    await writeFile(store.pathOf(cut.digest), 'cut').catch(async () => {
      await chmod(store.pathOf(cut.digest), 0o644);
      await writeFile(store.pathOf(cut.digest), 'cut');
    });
    const { factPath } = await import('./places.js');
    await flipBit(factPath(store.directory, 'bad'), 40);
    const signal = new AbortController().signal;
    const kept = await verify(store.directory, { signal, progress: silent, keep: true });
    const { damaged, ...rest } = await verify(store.directory, { signal, progress: silent });
    expect(damaged).toEqual(kept.damaged);
    expect(damaged.map(({ path }) => path).sort()).toEqual(
      [store.pathOf(bad.digest), store.pathOf(cut.digest), factPath(store.directory, 'bad')].sort(),
    );
    expect(rest).toEqual({ blobs: 3, facts: 2, sizeBytes: data.length + 6 });
    expect((await verifyAll()).damaged).toEqual([]);
    expect((await verifyAll()).digests).toEqual([good.digest]);
    expect(await store.recall('good')).toBe(1);
  });

  test('stops with the reason of an abort', async () => {
    await store.put(data);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(verify(store.directory, { signal, progress: silent })).rejects.toThrow('enough');
  });
});

async function verifyAll(): Promise<{ damaged: readonly unknown[]; digests: Digest[] }> {
  const { damaged } = await verify(store.directory, { signal: new AbortController().signal, progress: silent });
  return { damaged, digests: (await files('blobs')).map(({ name }): Digest => `sha256:${name}`) };
}
