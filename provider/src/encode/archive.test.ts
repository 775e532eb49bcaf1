import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { TreeEntry } from '../model/tree.js';
import { archiveBytes, contentBytes } from './archive.js';
import type { ArchiveEntry } from './archive-chunks.js';
import { EncodeError } from './error.js';
import { MemoryStore } from './tree.fixture.js';

const LAYER = Buffer.from(Array.from({ length: 6_000_000 }, (_, index) => (index * 7 + (index >> 9)) & 0xff));

function storeWithLayer() {
  const store = new MemoryStore();
  const blob = store.put(LAYER);
  const entry = (offset: number, sizeBytes: number): ArchiveEntry => {
    const { path, content } = store.stored('f', { blob, offset, sizeBytes }) as TreeEntry;
    return { path, header: Buffer.from(`<${offset}>`), padding: Buffer.from('.'), ...(content ? { content } : {}) };
  };
  return { store, blob, entry };
}

describe('archiveBytes()', () => {
  test('gives header, body and padding of each entry in order, small and large', async () => {
    const { store, entry } = storeWithLayer();
    const ranges = [
      [5000, 10],
      [0, 3],
      [512, 2_500_000],
      [40, 0],
      [3_000_000, 900_000],
      [4_000_000, 900_000],
    ] as const;
    const entries = ranges.map(([offset, sizeBytes]) => entry(offset, sizeBytes));
    const expected = ranges.flatMap(([offset, sizeBytes]) => [
      `<${offset}>`,
      LAYER.subarray(offset, offset + sizeBytes),
      '.',
    ]);
    const got = await buffer(archiveBytes(entries, store.context()));
    expect(got.equals(Buffer.concat(expected.map((part) => Buffer.from(part))))).toBe(true);
  });

  test('gives the same bytes in chunks that are used again', async () => {
    const { store, entry } = storeWithLayer();
    const entries = Array.from({ length: 300 }, (_, index) =>
      entry((index * 17_000) % 5_000_000, (index % 40) ** 4 % 900_000),
    );
    const once = await buffer(archiveBytes(entries, store.context()));
    const pieces: Buffer[] = [];
    const memory = new Set<ArrayBufferLike>();
    for await (const chunk of archiveBytes(entries, store.context(), { reuse: true })) {
      pieces.push(Buffer.from(chunk));
      memory.add(chunk.buffer);
    }
    expect(Buffer.concat(pieces).equals(once)).toBe(true);
    expect(pieces.length).toBeGreaterThan(20);
    expect(memory.size).toBe(3);
  });

  test('reads many small neighbours with few reads', async () => {
    const { store, entry } = storeWithLayer();
    const entries = Array.from({ length: 2000 }, (_, index) => entry(index * 1024, 500));
    await buffer(archiveBytes(entries, store.context()));
    expect(store.reads).toBeLessThan(10);
  });

  test.each([100, 2_000_000])(
    'throws in place of the end, when a body of %d bytes is not what the tree says',
    async (sizeBytes) => {
      const { store, blob, entry } = storeWithLayer();
      const good = entry(0, sizeBytes);
      const changed = Buffer.from(LAYER);
      changed[50] = (changed[50] as number) ^ 1;
      store.blobs.set(blob, changed);
      await expect(buffer(archiveBytes([good], store.context()))).rejects.toThrow(EncodeError);
      store.blobs.set(blob, LAYER.subarray(0, sizeBytes - 1));
      await expect(buffer(archiveBytes([good], store.context()))).rejects.toThrow('is too short');
    },
  );

  test('stops when it is told to', async () => {
    const { store, entry } = storeWithLayer();
    const controller = new AbortController();
    const bytes = archiveBytes([entry(0, 2_000_000), entry(9, 9)], store.context(controller.signal));
    await bytes.next();
    controller.abort(new Error('enough'));
    await expect(buffer(bytes)).rejects.toThrow('enough');
  });
});

describe('contentBytes()', () => {
  test('gives bytes that are in the tree itself, compared as well', async () => {
    const { store } = storeWithLayer();
    const { content } = store.stored('f', {
      blob: [...store.blobs.keys()][0] as never,
      offset: 0,
      sizeBytes: 4,
    }) as TreeEntry;
    const bytes = Buffer.from('nope');
    const wrong = { bytes, sizeBytes: 4, sha256: content?.sha256 as never };
    await expect(buffer(contentBytes('f', wrong, store.context()))).rejects.toThrow('Cannot encode f: ');
  });
});
