import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../model/digest.js';
import { flipBit } from './flip-bit.fixture.js';
import { setMark } from './mark.js';
import { Store } from './store.js';
import { compileStore } from './store-program.fixture.js';
import { survey } from './survey.js';
import { verify } from './verify.js';

const HOUR_MS = 60 * 60 * 1000;
/** Blobs that no build uses. */
const IDLE = 100;

let folder: string;
let directory: string;
let run: ReturnType<typeof compileStore>;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-processes-'));
  run = compileStore(join(folder, 'program'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  directory = join(folder, `store-${count++}`);
});

/** Blobs that nobody has used for three hours. */
async function oldBlobs(number: number): Promise<Digest[]> {
  const store = await Store.open(directory);
  const blobs: Digest[] = [];
  for (let at = 0; at < number; at++) blobs.push((await store.put(bytesOf(at))).digest);
  const usedMs = Date.now() - 3 * HOUR_MS;
  const long = new Date(usedMs);
  for (const digest of blobs) {
    const path = store.pathOf(digest);
    await utimes(path, long, long);
    // Its times have changed: the mark that it has is that of another state.
    setMark({ digest, directory, status: await stat(path, { bigint: true }) }, { checkedMs: Date.now(), usedMs });
  }
  await store.close();
  const found = await survey(directory);
  for (const mark of found.blobs.flatMap(({ marks }) => marks)) await utimes(mark, long, long);
  return blobs;
}

function bytesOf(at: number): Buffer {
  return Buffer.alloc(3000 + at, createHash('sha256').update(`${at}`).digest());
}

const BUILD = `
  const { directory, blobs, seed, tell } = argument;
  let at = seed, found = 0;
  for (let build = 0; build < 12; build++) {
    const opened = await store.Store.open(directory);
    const used = [];
    for (let n = 0; n < 15; n++) {
      at = (at * 1103515245 + 12345) % 2147483648;
      const blob = blobs[at % blobs.length];
      if (await opened.has(blob.digest)) found++;
      else await opened.put(Buffer.from(blob.base64, 'base64'), { expect: { digest: blob.digest } });
      used.push(blob);
    }
    if (await opened.has(used[0].digest)) found++;
    for (const blob of used) {
      const bytes = await opened.read({ blob: blob.digest, offset: 0, sizeBytes: blob.sizeBytes });
      if (digest.sha256(bytes) !== blob.digest) throw new Error('other bytes than were put');
    }
    await opened.close();
  }
  console.log(found);
`;

const PRUNE = `
  let removed = 0;
  for (let turn = 0; turn < 25; turn++) {
    removed += (await prune.prune(argument.directory, { maxBytes: 0, nowMs: Date.now() })).removed;
  }
  console.log(removed);
`;

describe('a store that many processes use at once', () => {
  test('never loses what a build has seen in it, while others prune all they may', async () => {
    const digests = await oldBlobs(400 + IDLE);
    const blobs = digests.slice(IDLE).map((digest, at) => {
      const bytes = bytesOf(IDLE + at);
      return { digest, sizeBytes: bytes.length, base64: bytes.toString('base64') };
    });
    const builders = [1, 2, 3].map((seed) => run(BUILD, { directory, blobs, seed }));
    const pruners = [1, 2].map(() => run(PRUNE, { directory }));
    const found = (await Promise.all(builders.map(({ done }) => done))).map(Number);
    const removed = (await Promise.all(pruners.map(({ done }) => done))).map(Number);
    // Both have had something to do, whoever was there first.
    expect(Math.max(...found)).toBeGreaterThan(0);
    expect(removed.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(IDLE);
    await noneDamaged();
    expect(await readdir(join(directory, 'leases'))).toEqual([]);
    expect(await readdir(join(directory, 'temporary'))).toEqual([]);
  });

  test('is sound after processes were killed in the middle of writing, and is pruned after they are silent', async () => {
    const write = `
      const opened = await store.Store.open(argument.directory);
      const slow = async function* () {
        // Not for ever: on a busy host it may be long until it is killed.
        for (let n = 0; ; n++) { yield Buffer.alloc(200_000, 7); await new Promise((r) => setTimeout(r, n < 100 ? 1 : 60_000)); }
      };
      for (let at = 0; ; at++) {
        await opened.put(Buffer.alloc(300_000, at + process.pid % 100));
        await opened.remember('key ' + at % 5, { at });
        if (at === 0) console.log('begun');
        if (at === 20) await opened.put(slow());
      }`;
    const running = [1, 2, 3].map(() => run(write, { directory }));
    const begun = running.map(({ child }) => new Promise((resolve) => child.stdout?.once('data', resolve)));
    await Promise.all(begun.map((one, at) => Promise.race([one, running[at]?.done])));
    for (const { child, done } of running) {
      await setTimeout(120);
      child.kill('SIGKILL');
      await done;
    }
    await noneDamaged();
    const leases = await readdir(join(directory, 'leases'));
    expect(leases).toHaveLength(3);

    const { prune } = await import('./prune.js');
    const nowMs = Date.now();
    expect((await prune(directory, { maxBytes: 0, nowMs })).removed).toBeLessThanOrEqual(5); // facts alone
    const silent = new Date(nowMs - 11 * 60 * 1000);
    for (const name of leases) await utimes(join(directory, 'leases', name), silent, silent);
    expect(await prune(directory, { maxBytes: 0, nowMs })).toMatchObject({ keptBytes: 0, inUseBytes: 0 });
  });

  test('is mended by all of them when a blob is damaged', async () => {
    const [digest] = (await oldBlobs(1)) as [Digest];
    const store = await Store.open(directory);
    await flipBit(store.pathOf(digest), 7);
    const mend = `
      const opened = await store.Store.open(argument.directory);
      const bytes = Buffer.from(argument.base64, 'base64');
      const sound = await opened.has(argument.digest);
      if (!sound) await opened.put(bytes, { expect: { digest: argument.digest } });
      const read = await opened.read({ blob: argument.digest, offset: 0, sizeBytes: bytes.length });
      if (!read.equals(bytes)) throw new Error('damaged bytes were read');
      await opened.close();`;
    const base64 = bytesOf(0).toString('base64');
    await Promise.all([1, 2, 3, 4].map(() => run(mend, { directory, digest, base64 }).done));
    await noneDamaged();
    expect(await store.has(digest)).toBe(true);
    await store.close();
  });
});

async function noneDamaged(): Promise<void> {
  const { damaged } = await verify(directory, { signal: new AbortController().signal, progress: () => {} });
  expect(damaged).toEqual([]);
}
