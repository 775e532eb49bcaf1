import { describe, expect, test } from 'vitest';
import { TarReader } from '../format/tar-reader.js';
import { encodeKernelInitrd } from './kernel-initrd.js';
import { encodeTarKernelInitrd } from './tar-kernel-initrd.js';
import { file, MemoryStore, treeOf } from './tree.fixture.js';

const TREE = treeOf([
  file('boot/kernel', 'MZ kernel'),
  file('boot/ucode.cpio', 'microcode'),
  file('init', '#!/bin/sh\n', { mode: 0o755 }),
]);

async function bytesOf(chunks: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks ?? []) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

describe('encodeTarKernelInitrd()', () => {
  test.each(['zstd', 'gzip', 'none'] as const)(
    'holds what encodeKernelInitrd() makes, with %s',
    async (compression) => {
      const store = new MemoryStore();
      const options = { commandLine: 'quiet', compression, sourceDateEpoch: 7 };
      const parts = await encodeKernelInitrd(TREE, options, store.context());
      const [tar, ...others] = await encodeTarKernelInitrd(TREE, options, store.context());
      expect(others).toEqual([]);
      expect(tar?.role).toBe('tar');
      const archive = await bytesOf(tar?.bytes());
      const reader = new TarReader();
      reader.push(archive);
      const entries = reader.finish();
      expect(entries.map(({ path, mode, mtimeSeconds }) => [path, mode, mtimeSeconds])).toEqual([
        ['kernel', 0o644, 7],
        ['initrd.img', 0o644, 7],
        ['cmdline', 0o644, 7],
      ]);
      for (const [index, part] of parts.entries()) {
        const { offset = 0, sizeBytes = 0 } = entries[index]?.content ?? {};
        expect(archive.subarray(offset, offset + sizeBytes)).toEqual(await bytesOf(part.bytes()));
      }
    },
  );

  test('refuses a tree without a kernel', async () => {
    const options = { commandLine: '', sourceDateEpoch: 0 };
    const encoding = encodeTarKernelInitrd(treeOf([file('init', '')]), options, new MemoryStore().context());
    await expect(encoding).rejects.toMatchObject({ code: 'no-kernel' });
  });
});
