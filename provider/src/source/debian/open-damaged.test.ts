import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flipBit } from '../../store/flip-bit.fixture.js';
import { Store } from '../../store/store.js';
import { buildPackage, mirrorIn } from './open.fixture.js';
import { openPackage } from './open.js';

test('a bit that was flipped in the cached layer of a package is noticed, and the layer made again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-damaged-'));
  try {
    const pinned = buildPackage(folder, { name: 'web', files: { 'usr/share/large': Buffer.alloc(400_000, 7) } });
    const inNewStore = async <T>(use: (store: Store) => Promise<T>): Promise<T> => {
      await using store = await Store.open(join(folder, 'store'));
      return await use(store);
    };
    const opened = (store: Store) =>
      openPackage(pinned, {
        ...{ store, signal: new AbortController().signal, progress: () => undefined },
        mirrors: async () => mirrorIn(folder),
      });
    const layer = await inNewStore(opened);
    const content = layer.entries.find(({ path }) => path === 'usr/share/large')?.content;
    if (content === undefined) throw new Error('the layer has no such file');

    // In the layer, then in the package that it is made from, too.
    for (const damaged of [[layer.digest], [layer.digest, pinned.digest]] as const) {
      for (const blob of damaged) await inNewStore((store) => flipBit(store.pathOf(blob), 200_000 % pinned.sizeBytes));
      await inNewStore(async (store) => {
        expect(await opened(store)).toEqual(layer);
        expect(await store.read(content)).toEqual(Buffer.alloc(400_000, 7));
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
