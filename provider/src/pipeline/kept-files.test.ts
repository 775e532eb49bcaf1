import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Part } from '../encode/context.js';
import { Store } from '../store/store.js';
import { keepFiles, recallFiles } from './kept-files.js';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-kept-'));
  store = await Store.open(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function take(parts: AsyncIterable<Part>): Promise<Part[]> {
  const taken: Part[] = [];
  for await (const part of parts) taken.push(part);
  return taken;
}

test('recallFiles() gives back the parts that keepFiles() has kept, when all of them have been taken', async () => {
  const { digest: blob } = await store.put(Buffer.from('a kernel'));
  const range = { blob, offset: 2, sizeBytes: 6 };
  const long = Buffer.alloc(5000, 'x');
  const files = keepFiles(
    'artifact-parts x',
    [
      { role: 'kernel', parts: () => [range, { bytes: Buffer.from('…') }] },
      { role: 'cmdline', parts: () => [{ bytes: long }] },
    ],
    store,
  );
  expect(await take(files[0]?.parts ?? (async function* () {})())).toEqual([range, { bytes: Buffer.from('…') }]);
  expect(await recallFiles('artifact-parts x', store)).toBeUndefined();
  await take(files[1]?.parts ?? (async function* () {})());
  const [kernel, cmdline] = (await recallFiles('artifact-parts x', store)) ?? [];
  expect(kernel).toEqual({ role: 'kernel', parts: [range, { bytes: Buffer.from('…') }] });
  const [part] = cmdline?.parts ?? [];
  expect(part && 'blob' in part ? await store.read(part) : undefined).toEqual(long);

  await rm(store.pathOf(blob));
  expect(await recallFiles('artifact-parts x', store)).toBeUndefined();
});
