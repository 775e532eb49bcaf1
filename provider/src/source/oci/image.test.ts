import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, sha256 } from '../../model/digest.js';
import type { Platform } from '../../model/platform.js';
import { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { BlobSource } from './blob-source.js';
import { FixtureBlobs, type FixtureDescriptor, tarOf } from './image.fixture.js';
import { openConfig, openLayers } from './open.js';
import { resolveImage } from './resolve.js';

let folder: string;
let store: Store;
let blobs: FixtureBlobs;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-image-'));
  store = await Store.open(join(folder, 'cache'));
  blobs = new FixtureBlobs();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The blobs as a source, and what it was asked for: digest and offset of each blob. */
function sourceOf(top: FixtureDescriptor, change: Partial<BlobSource> = {}) {
  const asked: string[] = [];
  const bytesOf = (digest: Digest) => {
    const bytes = blobs.blobs.get(digest);
    if (bytes === undefined) throw new SourceError('not-found', `there is no ${digest}`);
    return bytes;
  };
  const source: BlobSource = {
    manifest: async (reference) => ({
      bytes: bytesOf(reference.startsWith('sha256:') ? (reference as Digest) : top.digest),
      mediaType: '',
    }),
    async *blob(digest, { offset = 0 }) {
      asked.push(`${digest} ${offset}`);
      yield bytesOf(digest).subarray(offset);
    },
    ...change,
  };
  return { source, asked };
}

const surroundings = () => ({
  about: 'example/web:1',
  store,
  signal: new AbortController().signal,
  progress: () => undefined,
});

const resolved = (top: FixtureDescriptor, platform: Platform = 'linux/amd64', reference = '1') =>
  resolveImage(sourceOf(top).source, { ...surroundings(), reference, platform });

const image = (architecture: string, variant?: string) =>
  blobs.addImage({
    layers: [{ files: { arch: `${architecture}${variant ?? ''}` } }],
    platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
  });

describe('resolveImage()', () => {
  test('pins manifest, configuration and layers, and no index where there is none', async () => {
    const top = image('amd64');
    const pin = await resolved(top);
    const tar = tarOf({ arch: 'amd64' });
    expect(pin).toMatchObject({ kind: 'image', manifest: top.digest, layers: [{ diffId: sha256(tar) }] });
    expect('index' in pin).toBe(false);
    for (const digest of [pin.manifest, pin.config.digest]) expect(await store.has(digest)).toBe(true);
  });

  test.each<[Platform, [string, string?][], number]>([
    ['linux/amd64', [['arm64', 'v8'], ['amd64']], 1],
    ['linux/amd64', [['amd64', 'v3'], ['amd64']], 1],
    ['linux/amd64', [['amd64', 'v1'], ['amd64']], 1],
    ['linux/arm64', [['arm'], ['arm64'], ['arm64', 'v8']], 2],
    ['linux/arm64', [['arm64', 'v9'], ['arm64']], 1],
  ])('for %s and %j takes number %i', async (platform, platforms, expected) => {
    const manifests = platforms.map(([architecture, variant]) => image(architecture, variant));
    const top = blobs.addIndex(manifests);
    const pin = await resolved(top, platform);
    expect(pin).toMatchObject({ index: top.digest, manifest: manifests[expected]?.digest });
  });

  test('passes over attestations, other operating systems, and what is no image', async () => {
    const wanted = image('amd64');
    const windows = blobs.addImage({ layers: [], platform: { os: 'windows', architecture: 'amd64' } });
    const attestation = {
      ...image('unknown'),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const top = blobs.addIndex([attestation, windows, wanted]);
    expect(await resolved(top)).toMatchObject({ manifest: wanted.digest });
  });

  test('looks into indexes of indexes, and into configurations where an index is silent', async () => {
    const { platform: _, ...silentArm } = image('arm64');
    const { platform: __, ...silent } = image('amd64');
    const inner = blobs.addIndex([silentArm, silent]);
    const top = blobs.addIndex([blobs.addIndex([inner])]);
    expect(await resolved(top)).toMatchObject({ index: top.digest, manifest: silent.digest });
  });

  test('says for which platforms there are images', async () => {
    const top = blobs.addIndex([image('arm', 'v7'), image('amd64', 'v3'), image('s390x')]);
    await expect(resolved(top, 'linux/arm64')).rejects.toMatchObject({
      code: 'no-platform',
      message: expect.stringContaining('no image for linux/arm64, only linux/arm/v7, linux/amd64/v3, linux/s390x'),
    });
    await expect(resolved(image('s390x'))).rejects.toThrow(/only linux\/s390x/);
  });

  test('does not follow indexes without end', async () => {
    let top = blobs.addIndex([image('amd64')]);
    for (let depth = 0; depth < 8; depth++) top = blobs.addIndex([top]);
    await expect(resolved(top)).rejects.toMatchObject({ code: 'too-large' });
    const wide = blobs.addIndex(Array.from({ length: 200 }, (_, index) => blobs.addIndex([image(`x${index}`)])));
    await expect(resolved(wide)).rejects.toMatchObject({ code: 'too-large' });
  });

  test('refuses bytes that are not those of the digest', async () => {
    const top = image('amd64');
    const lying = sourceOf(top, { manifest: async () => ({ bytes: Buffer.from('{}'), mediaType: '' }) });
    const options = { ...surroundings(), reference: top.digest, platform: 'linux/amd64' as const };
    await expect(resolveImage(lying.source, options)).rejects.toMatchObject({ code: 'digest-mismatch' });
    const other = sourceOf(top, {
      async *blob(_, { sizeBytes }) {
        yield Buffer.alloc(sizeBytes);
      },
    });
    await expect(resolveImage(other.source, options)).rejects.toMatchObject({ code: 'digest-mismatch' });
  });

  test('refuses a manifest of 5 MiB, and an endless configuration', async () => {
    const top = image('amd64');
    const options = { ...surroundings(), reference: '1', platform: 'linux/amd64' as const };
    const huge = sourceOf(top, { manifest: async () => ({ bytes: Buffer.alloc(5 << 20), mediaType: '' }) });
    await expect(resolveImage(huge.source, options)).rejects.toMatchObject({ code: 'too-large' });
    const endless = sourceOf(top, {
      async *blob() {
        for (;;) yield Buffer.alloc(1 << 16);
      },
    });
    await expect(resolveImage(endless.source, options)).rejects.toMatchObject({ code: 'size-mismatch' });
  });

  test('refuses a configuration that knows of more or fewer layers', async () => {
    const top = blobs.addImage({ layers: [{ files: { a: '' } }], diffIds: [] });
    await expect(resolved(top)).rejects.toThrow(/its manifest has 1 layers, its configuration 0/);
  });
});

describe('openLayers()', () => {
  test.each(['none', 'gzip', 'zstd'] as const)('unpacks layers with compression %s', async (compression) => {
    const top = blobs.addImage({ layers: [{ files: { 'a/b': 'text' }, compression }] });
    const pin = await resolved(top);
    const { source } = sourceOf(top);
    const [layer] = await openLayers(pin, { ...surroundings(), source: async () => source });
    expect(layer?.entries.map(({ path }) => path)).toEqual(['a/b']);
    const { content } = layer?.entries[0] ?? {};
    expect(content && (await store.read(content)).toString()).toBe('text');
  });

  test('believes the bytes where the media type is wrong about them', async () => {
    const mediaType = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
    const top = blobs.addImage({ layers: [{ files: { a: '1' }, compression: 'none', mediaType }] });
    const { source } = sourceOf(top);
    expect(await openLayers(await resolved(top), { ...surroundings(), source: async () => source })).toHaveLength(1);
  });

  test('fetches a layer once, also where images share it, however it is compressed', async () => {
    const files = { a: 'shared' };
    const one = blobs.addImage({ layers: [{ files }, { files: { b: '' } }, { files }] });
    const other = blobs.addImage({ layers: [{ files, compression: 'zstd' }] });
    const first = sourceOf(one);
    const layers = await openLayers(await resolved(one), { ...surroundings(), source: async () => first.source });
    expect(layers.map(({ digest }) => digest)).toEqual([layers[0]?.digest, layers[1]?.digest, layers[0]?.digest]);
    expect(first.asked).toHaveLength(2);
    const second = () => Promise.reject(new Error('nothing has to be fetched'));
    expect(await openLayers(await resolved(other), { ...surroundings(), source: second })).toEqual([layers[0]]);
  });

  test('goes on where a blob broke off, and gives up where nothing comes', async () => {
    const top = blobs.addImage({ layers: [{ files: { a: 'x'.repeat(4000) }, compression: 'none' }] });
    const pin = await resolved(top);
    let breaks = 0;
    const { source: whole } = sourceOf(top);
    const asked: number[] = [];
    const broken: BlobSource = {
      ...whole,
      async *blob(digest, options) {
        asked.push(options.offset ?? 0);
        for await (const chunk of whole.blob(digest, options)) {
          if (breaks++ < 2) {
            yield chunk.subarray(0, 1000);
            throw new SourceError('unreachable', 'the connection broke');
          }
          yield chunk;
        }
      },
    };
    expect(await openLayers(pin, { ...surroundings(), source: async () => broken })).toHaveLength(1);
    expect(asked).toEqual([0, 1000, 2000]);

    const otherStore = await Store.open(join(folder, 'other'));
    const dead: BlobSource = {
      ...whole,
      // biome-ignore lint/correctness/useYield: it fails before it could
      async *blob() {
        throw new SourceError('unreachable', 'nobody there');
      },
    };
    const opening = openLayers(pin, { ...surroundings(), store: otherStore, source: async () => dead });
    await expect(opening).rejects.toThrow('nobody there');
    await otherStore.close();
  });

  const changes: [string, (bytes: Buffer) => Buffer, string][] = [
    ['a layer that is cut off', (bytes) => bytes.subarray(0, -10), 'size-mismatch'],
    ['a layer with more behind it', (bytes) => Buffer.concat([bytes, bytes]), 'size-mismatch'],
    ['a layer with a flipped bit', (bytes) => flipped(bytes, 600), 'digest-mismatch'],
  ];
  test.each(changes)('refuses %s', async (_, change, code) => {
    const top = blobs.addImage({ layers: [{ files: { a: 'x'.repeat(4000) }, compression: 'none' }] });
    const pin = await resolved(top);
    const { source } = sourceOf(top, {
      async *blob(digest) {
        yield change(blobs.blobs.get(digest) as Buffer);
      },
    });
    await expect(openLayers(pin, { ...surroundings(), source: async () => source })).rejects.toMatchObject({ code });
    expect(await store.has(pin.layers[0]?.diffId as Digest)).toBe(false);
  });

  test('refuses a layer that unpacks to something else than the configuration says', async () => {
    const other = sha256('something else');
    const top = blobs.addImage({ layers: [{ files: { a: '' } }], diffIds: [other] });
    const { source } = sourceOf(top);
    const opening = openLayers(await resolved(top), { ...surroundings(), source: async () => source });
    await expect(opening).rejects.toMatchObject({ code: 'digest-mismatch', context: { want: other } });
  });

  test('refuses a layer that is no archive, with the name of the image', async () => {
    const top = blobs.addImage({ layers: [{ files: { '../escape': 'x' } }] });
    const { source } = sourceOf(top);
    const opening = openLayers(await resolved(top), { ...surroundings(), source: async () => source });
    await expect(opening).rejects.toThrow(/of example\/web:1: .*leads out of the root/);
    await expect(opening).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('openConfig()', () => {
  test('gets the configuration again where the store has lost it', async () => {
    const config = { Entrypoint: ['/web'], Cmd: ['-v'], Env: ['A=b'], WorkingDir: '/srv', Labels: { a: 'b' } };
    const top = blobs.addImage({ layers: [], config });
    const pin = await resolved(top);
    rmSync(store.pathOf(pin.config.digest));
    const { source } = sourceOf(top);
    const expected = {
      entrypoint: ['/web'],
      command: ['-v'],
      env: ['A=b'],
      workingDirectory: '/srv',
      user: '',
      labels: { a: 'b' },
    };
    expect(await openConfig(pin, { ...surroundings(), source: async () => source })).toEqual(expected);
    const none = () => Promise.reject(new Error('it is in the store'));
    expect(await openConfig(pin, { ...surroundings(), source: none })).toEqual(expected);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
