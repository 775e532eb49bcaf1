import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Digest, hexOf, sha256 } from '../model/digest.js';
import type { EncodedFile } from './context.js';
import { encodeDockerArchive } from './docker-archive.js';
import { encodeOciArchive } from './oci-archive.js';
import { encodeOci, type OciImageOptions } from './oci-image.js';
import { file, MemoryStore, treeOf } from './tree.fixture.js';

const OPTIONS: OciImageOptions = { image: sha256('lock'), platform: 'linux/arm64', sourceDateEpoch: 1492533000 };

function tree(text = 'hello') {
  return treeOf([
    { path: 'init', type: 'symlink', link: 'sbin/init' },
    file('sbin/init', '#!', { mode: 0o755 }),
    file('srv/index.html', text, { component: 'files' }),
    { path: 'srv/same', type: 'hardlink', link: 'srv/index.html', component: 'files' },
  ]);
}

async function bytesOf({ bytes }: EncodedFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function layoutOf(store = new MemoryStore(), text?: string): Promise<Map<string, Buffer>> {
  const files = await encodeOci(tree(text), OPTIONS, store.context());
  return new Map(await Promise.all(files.map(async (one) => [one.role, await bytesOf(one)] as const)));
}

function json(files: ReadonlyMap<string, Buffer>, path: string) {
  return JSON.parse((files.get(path) ?? Buffer.from('null')).toString());
}

describe('encodeOci()', () => {
  test('names every blob by its digest, and describes it', async () => {
    const files = await layoutOf();
    for (const [path, bytes] of files) {
      if (path.startsWith('blobs/')) expect(path).toBe(`blobs/sha256/${hexOf(sha256(bytes))}`);
    }
    expect([...files.keys()].slice(0, 2)).toEqual(['oci-layout', 'index.json']);
    const [image] = json(files, 'index.json').manifests;
    expect(image.platform).toEqual({ architecture: 'arm64', os: 'linux' });
    expect(image.annotations['ingot.image']).toBe(OPTIONS.image);
    const blob = (digest: Digest) => files.get(`blobs/sha256/${hexOf(digest)}`) as Buffer;
    const manifest = JSON.parse(blob(image.digest).toString());
    const config = JSON.parse(blob(manifest.config.digest).toString());
    expect(config.config.Entrypoint).toEqual(['/init']);
    expect(config.created).toBe('2017-04-18T16:30:00Z');
    expect(config.history).toHaveLength(manifest.layers.length);
    const diffIds = manifest.layers.map(({ digest, size }: { digest: Digest; size: number }) => {
      expect(blob(digest)).toHaveLength(size);
      return sha256(gunzipSync(blob(digest)));
    });
    expect(config.rootfs).toEqual({ type: 'layers', diff_ids: diffIds });
    expect(files.size).toBe(4 + manifest.layers.length);
  });

  test('gives the same bytes from a full cache, and without making anything', async () => {
    const store = new MemoryStore();
    const first = await layoutOf(store);
    const { length } = store.made;
    expect(await layoutOf(store)).toEqual(first);
    expect(store.made).toHaveLength(length);
    expect(await layoutOf()).toEqual(first);
  });

  test('finds digests out again when only the layer is in the cache', async () => {
    const store = new MemoryStore();
    const first = await layoutOf(store);
    for (const key of [...store.memos.keys()]) if (!key.startsWith('oci-layer ')) store.memos.delete(key);
    expect(await layoutOf(store)).toEqual(first);
  });

  test('makes no more than the layer whose component changed', async () => {
    const store = new MemoryStore();
    await layoutOf(store);
    const before = store.made.filter((key) => key.startsWith('oci-layer ')).length;
    await layoutOf(store, 'changed');
    const after = store.made.filter((key) => key.startsWith('oci-layer ')).length;
    expect(before).toBeGreaterThanOrEqual(1);
    expect(after - before).toBe(1);
  });

  test('notices a digest in the cache that is none', async () => {
    const store = new MemoryStore();
    await layoutOf(store);
    for (const key of store.memos.keys()) {
      if (key.startsWith('oci-diff-id '))
        store.memos.set(key, { blob: store.put(Buffer.from('x')), offset: 0, sizeBytes: 1 });
    }
    await expect(layoutOf(store)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe.each([
  ['encodeOciArchive()', encodeOciArchive, 'oci-archive'],
  ['encodeDockerArchive()', encodeDockerArchive, 'docker-archive'],
] as const)('%s', (_, encode, role) => {
  test('gives one file, the same each time, and with a buffer that is used again', async () => {
    const store = new MemoryStore();
    const [one, ...others] = await encode(tree(), OPTIONS, store.context());
    expect(others).toEqual([]);
    expect(one?.role).toBe(role);
    const whole = await bytesOf(one as EncodedFile);
    expect(whole.length % 512).toBe(0);
    expect(await bytesOf(one as EncodedFile)).toEqual(whole);
    const reused: Buffer[] = [];
    for await (const chunk of (one as EncodedFile).bytes({ reuse: true, trusting: true }))
      reused.push(Buffer.from(chunk));
    expect(Buffer.concat(reused)).toEqual(whole);
    const [again] = await encode(tree(), OPTIONS, new MemoryStore().context());
    expect(sha256(await bytesOf(again as EncodedFile))).toBe(sha256(whole));
  });
});

describe('the bytes of container images', () => {
  test('do not change by accident', async () => {
    const [archive] = await encodeDockerArchive(tree(), OPTIONS, new MemoryStore().context());
    // Nothing in it is compressed, so no release of a compressor changes it.
    expect(sha256(await bytesOf(archive as EncodedFile))).toMatchInlineSnapshot(
      `"sha256:a2d8387df4890d7574e6bd1e41b1b1fc75149007189627ccf9171393036cf7f3"`,
    );
    const files = await layoutOf();
    expect(json(files, 'oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
  });
});
