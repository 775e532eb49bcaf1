import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Digest, type Json, sha256 } from '../model/digest.js';
import { StoreError, storeError } from './error.js';
import { Store } from './store.js';

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-store-'));
  store = await Store.open(join(folder, 'cache', 'store'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function* stream(...parts: (Uint8Array | string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part as string);
  }
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

const temporaries = () => readdir(join(store.directory, 'temporary'));
const blobs = async () => {
  const names = await readdir(join(store.directory, 'blobs/sha256'), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map((entry) => entry.name);
};

describe('Store.open()', () => {
  test('makes the folder, and opens it again with what is in it', async () => {
    const { digest } = await store.put(Buffer.from('kept'));
    const again = await Store.open(store.directory);
    expect(await again.has(digest)).toBe(true);
    expect(await again.read({ blob: digest, offset: 0, sizeBytes: 4 })).toEqual(Buffer.from('kept'));
    await again.close();
  });

  test('removes what was left over for more than a day, and nothing younger', async () => {
    const left = join(store.directory, 'temporary');
    await writeFile(join(left, 'old'), 'x');
    await mkdir(join(left, 'old-folder'));
    await writeFile(join(left, 'old-folder', 'file'), 'x');
    await writeFile(join(left, 'young'), 'x');
    const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
    await utimes(join(left, 'old'), before, before);
    await utimes(join(left, 'old-folder'), before, before);
    await Store.open(store.directory);
    expect(await temporaries()).toEqual(['young']);
  });

  test('throws a clear error where it cannot be', async () => {
    await writeFile(join(folder, 'file'), '');
    const opening = Store.open(join(folder, 'file', 'store'));
    await expect(opening).rejects.toBeInstanceOf(StoreError);
    await expect(opening).rejects.toThrow(/^Cannot open the store in .*file\/store: .*\(ENOTDIR\)$/);
  });

  test('refuses a folder in which the kernel alone makes files', async (context) => {
    if (process.platform !== 'linux') context.skip('there is no /proc');
    for (const place of ['/proc/cache', '/proc/self/no/such']) {
      await expect(Store.open(place)).rejects.toMatchObject({ code: 'bad-setting', context: { path: place } });
    }
  });

  test('throws read-only where it may not write', async (context) => {
    if (process.getuid?.() === 0) {
      const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
      if (mounted.status !== 0)
        context.skip('root may write everywhere, and may not mount a read-only file system here');
    } else await chmod(folder, 0o500);
    try {
      await expect(Store.open(join(folder, 'elsewhere'))).rejects.toMatchObject({ code: 'read-only' });
    } finally {
      if (process.getuid?.() === 0) spawnSync('umount', [folder]);
      else await chmod(folder, 0o700);
    }
  });
});

describe('Store.put()', () => {
  test('stores bytes and streams under their digest, read-only, and leaves nothing else', async () => {
    const one = await store.put(Buffer.from('hello'));
    const two = await store.put(stream('he', '', 'llo'));
    expect(one).toEqual({ digest: sha256('hello'), sizeBytes: 5 });
    expect(two).toEqual(one);
    expect(await readFile(store.pathOf(one.digest), 'utf8')).toBe('hello');
    expect((await stat(store.pathOf(one.digest))).mode & 0o777).toBe(0o444);
    expect(store.pathOf(one.digest)).toMatch(/\/blobs\/sha256\/2c\/2cf24dba[0-9a-f]{56}$/);
    expect(await temporaries()).toEqual([]);
  });

  test.each([
    [
      'another digest',
      { expect: { digest: sha256('other') } },
      { code: 'corrupt', context: { got: sha256('hello'), want: sha256('other'), property: 'digest' } },
    ],
    [
      'a larger size',
      { expect: { sizeBytes: 6 } },
      { code: 'corrupt', context: { got: '5', want: '6', property: 'sizeBytes' } },
    ],
    ['a smaller size', { expect: { sizeBytes: 3 } }, { code: 'corrupt', context: { want: '3' } }],
    ['fewer bytes at most', { maxBytes: 4 }, { code: 'too-large' }],
  ])('stores nothing that is not as expected: %s', async (_, options, want) => {
    await expect(store.put(stream('hel', 'lo'), options)).rejects.toMatchObject(want);
    expect(await blobs()).toEqual([]);
    expect(await temporaries()).toEqual([]);
  });

  test('takes chunks that are overwritten when the next one is asked for', async () => {
    const sizes = [3, 1, 262_143, 1, 262_144, 600_000, 0, 70_000, 200_000, 5];
    const chunks = sizes.map((sizeBytes, index) => Buffer.alloc(sizeBytes, `chunk ${index} of ${sizeBytes},`));
    async function* overwritten() {
      const room = Buffer.alloc(600_000);
      for (const chunk of chunks) {
        room.fill(0xff).set(chunk);
        yield room.subarray(0, chunk.length);
      }
    }
    const whole = Buffer.concat(chunks);
    const { digest, sizeBytes } = await store.put(overwritten());
    expect({ digest, sizeBytes }).toEqual({ digest: sha256(whole), sizeBytes: whole.length });
    expect((await readFile(store.pathOf(digest))).equals(whole)).toBe(true);
  });

  test('stops reading at the limit', async () => {
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1000;
        yield Buffer.alloc(1000);
      }
    };
    await expect(store.put(endless(), { maxBytes: 10_000 })).rejects.toMatchObject({ code: 'too-large' });
    expect(given).toBe(11_000);
  });

  test('throws what the data throws, as it is, also when it looks like an error of the store', async () => {
    const failure = Object.assign(new Error('no such page'), { code: 'ENOENT', syscall: 'open' });
    await expect(store.put(stream('half', failure))).rejects.toBe(failure);
    expect(await temporaries()).toEqual([]);
  });

  test('stops with the reason of an abort', async () => {
    const abort = new AbortController();
    const data = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one');
      abort.abort(new Error('enough'));
      yield Buffer.from('two');
    };
    await expect(store.put(data(), { signal: abort.signal })).rejects.toThrow('enough');
    expect(await temporaries()).toEqual([]);
  });

  test('does not read what it has, and closes it', async () => {
    const { digest } = await store.put(Buffer.from('hello'));
    const unread = stream(new Error('was read'));
    expect(await store.put(unread, { expect: { digest, sizeBytes: 5 } })).toEqual({ digest, sizeBytes: 5 });
    expect(await unread.next()).toEqual({ done: true, value: undefined });
  });

  test('writes a blob again that has become shorter', async () => {
    const { digest } = await store.put(Buffer.from('hello'));
    await chmod(store.pathOf(digest), 0o644);
    await truncate(store.pathOf(digest), 2);
    await store.put(Buffer.from('hello'), { expect: { digest, sizeBytes: 5 } });
    expect(await readFile(store.pathOf(digest), 'utf8')).toBe('hello');
  });

  test('stores the same and other bytes from many writers at once', async () => {
    const other = await Store.open(store.directory);
    const texts = Array.from({ length: 40 }, (_, at) => `text ${at % 7}`.repeat(1000));
    const stored = await Promise.all(texts.map((text, at) => (at % 2 ? store : other).put(stream(text, text))));
    expect(stored.map((one) => one.digest)).toEqual(texts.map((text) => sha256(text + text)));
    expect(await blobs()).toHaveLength(7);
    expect(await temporaries()).toEqual([]);
    await other.close();
  });

  test('throws no-space when the disk is full, and leaves nothing on it', async (context) => {
    const small = join(folder, 'small');
    await mkdir(small);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    if (mounted.status !== 0) context.skip('needs to mount a small file system; only root may');
    try {
      const full = await Store.open(small);
      const large = Array.from({ length: 40 }, () => Buffer.alloc(100_000, 1));
      await expect(full.put(stream(...large))).rejects.toMatchObject({
        code: 'no-space',
        message: `Cannot write to the store in ${small}: the disk is full; make room (\`ingot cache prune --max-size 5GB\`), or put the cache elsewhere (INGOT_CACHE) (ENOSPC)`,
      });
      expect(await readdir(join(small, 'temporary'))).toEqual([]);
      await full.put(Buffer.alloc(100_000, 2));
      await full.close();
    } finally {
      spawnSync('umount', [small]);
    }
  });
});

describe('Store.read() and stream()', () => {
  const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7919) >> 5));
  let digest: Digest;
  beforeEach(async () => {
    ({ digest } = await store.put(data));
  });

  test('give the bytes of any range, in any order, also many at once', async () => {
    const range = fc.tuple(fc.nat(data.length), fc.oneof(fc.nat(500), fc.nat(data.length)));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 12 }), fc.boolean(), async (ranges, sorted) => {
        const wanted = sorted ? [...ranges].sort(([left], [right]) => left - right) : ranges;
        const parts = wanted.map(([offset, size]) => ({ offset, sizeBytes: Math.min(size, data.length - offset) }));
        const read = await Promise.all(parts.map((part) => store.read({ blob: digest, ...part })));
        read.forEach((bytes, at) => {
          const { offset = 0, sizeBytes = 0 } = parts[at] ?? {};
          expect(Buffer.compare(bytes, data.subarray(offset, offset + sizeBytes))).toBe(0);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('give bytes that the caller may change', async () => {
    for (let turn = 0; turn < 2; turn++) {
      const first = await store.read({ blob: digest, offset: 0, sizeBytes: 100 });
      const second = await store.read({ blob: digest, offset: 100, sizeBytes: 100 });
      expect(second).toEqual(data.subarray(100, 200));
      first.fill(0);
      second.fill(0);
    }
  });

  test('stream() gives the range in bounded chunks', async () => {
    const range = { blob: digest, offset: 1, sizeBytes: data.length - 2 };
    for await (const chunk of store.stream(range)) expect(chunk.length).toBeLessThanOrEqual(1 << 20);
    expect(sha256(await gather(store.stream(range)))).toBe(sha256(data.subarray(1, -1)));
    expect(await gather(store.stream({ ...range, sizeBytes: 0 }))).toHaveLength(0);
  });

  test('stream() stops with the reason of an abort', async () => {
    const abort = new AbortController();
    const chunks = store.stream({ blob: digest, offset: 0, sizeBytes: data.length }, abort.signal);
    await chunks.next();
    abort.abort(new Error('enough'));
    await expect(chunks.next()).rejects.toThrow('enough');
  });

  test.each([
    { offset: 0, sizeBytes: data.length + 1 },
    { offset: data.length, sizeBytes: 1 },
    { offset: -1, sizeBytes: 1 },
    { offset: 0.5, sizeBytes: 1 },
    { offset: 0, sizeBytes: Number.MAX_SAFE_INTEGER },
    { offset: 0, sizeBytes: Number.NaN },
  ])('throw corrupt for a range that is not there: %j', async (range) => {
    await expect(store.read({ blob: digest, ...range })).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('throw missing for a blob that is not there, and find it once it is', async () => {
    const range = { blob: sha256('later'), offset: 0, sizeBytes: 5 };
    await expect(store.read(range)).rejects.toMatchObject({ code: 'missing' });
    await store.put(Buffer.from('later'));
    expect(await store.read(range)).toEqual(Buffer.from('later'));
  });

  test('throw corrupt for a blob that was cut off', async () => {
    await chmod(store.pathOf(digest), 0o644);
    await truncate(store.pathOf(digest), 1000);
    await expect(store.read({ blob: digest, offset: 900, sizeBytes: 200 })).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('keep few files open, and none after close()', async () => {
    const open = async () => {
      const names = await readdir('/proc/self/fd');
      const links = await Promise.all(names.map((name) => readlinkQuietly(`/proc/self/fd/${name}`)));
      return links.filter((link) => link.startsWith(store.directory)).length;
    };
    const many = await Promise.all(Array.from({ length: 300 }, (_, at) => store.put(Buffer.from(`blob ${at}`))));
    await Promise.all(many.map(({ digest: blob }) => store.read({ blob, offset: 0, sizeBytes: 4 })));
    // Those that give way are closed while the next ones are read.
    await vi.waitFor(async () => expect(await open()).toBeLessThanOrEqual(256), { timeout: 250_000 });
    await store.close();
    expect(await open()).toBe(0);
    expect(await store.read({ blob: digest, offset: 0, sizeBytes: 1 })).toHaveLength(1);
  });
});

describe('Store.pathOf()', () => {
  test.each(['sha256:../../../etc/passwd', 'sha256:AB', 'sha512:00', ''])(
    'throws for what is no digest: %j',
    async (text) => {
      expect(() => store.pathOf(text as Digest)).toThrow(RangeError);
      await expect(store.has(text as Digest)).rejects.toThrow(RangeError);
    },
  );
});

describe('Store.remember() and recall()', () => {
  test('keep any value under any key; the last one wins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.jsonValue(), fc.jsonValue(), async (key, first, second) => {
        await store.remember(key, first as Json);
        await store.remember(key, second as Json);
        expect(await store.recall(key)).toEqual(JSON.parse(JSON.stringify(second)));
      }),
      { numRuns: 50 },
    );
  });

  test('know nothing under another key, after damage, or of what was never there', async () => {
    expect(await store.recall('key')).toBeUndefined();
    await store.remember('key', { a: [1, '\udc80'] });
    expect(await store.recall('key')).toEqual({ a: [1, '\udc80'] });
    const [path = ''] = (await readdir(join(store.directory, 'facts'), { recursive: true })).filter((name) =>
      name.endsWith('.json'),
    );
    const text = await readFile(join(store.directory, 'facts', path), 'utf8');
    for (const damaged of ['', text.slice(0, -3), text.replace('"key":"key"', '"key":"other"'), 'null', '[]']) {
      await writeFile(join(store.directory, 'facts', path), damaged);
      expect(await store.recall('key')).toBeUndefined();
    }
  });
});

describe('Store.temporary()', () => {
  test('gives a folder of its own, and removes it whatever happens', async () => {
    const seen: string[] = [];
    const use = async (directory: string) => {
      seen.push(directory);
      await writeFile(join(directory, 'file'), 'x');
      return 'done';
    };
    expect(await store.temporary(use)).toBe('done');
    const failing = store.temporary(async (directory) => {
      await use(directory);
      throw new Error('failed');
    });
    await expect(failing).rejects.toThrow('failed');
    expect(new Set(seen).size).toBe(2);
    expect(seen.every((directory) => directory.startsWith(store.directory))).toBe(true);
    expect(await temporaries()).toEqual([]);
  });
});

describe('storeError()', () => {
  test.each([
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EACCES', 'read-only'],
    ['EROFS', 'read-only'],
    ['ENOENT', 'missing'],
    ['EIO', 'io'],
    ['EMFILE', 'io'],
  ])('names %s as %s', (errno, code) => {
    const cause = Object.assign(new Error('x'), { code: errno, syscall: 'write' });
    const error = storeError(cause, { what: 'read', path: '/store' });
    expect(error).toMatchObject({ code, cause, context: { path: '/store' } });
  });

  test('leaves other errors alone', () => {
    const other = new TypeError('x');
    expect(storeError(other, { what: 'read', path: '/store' })).toBe(other);
  });
});

async function readlinkQuietly(path: string): Promise<string> {
  const { readlink } = await import('node:fs/promises');
  return await readlink(path).catch(() => '');
}
