import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, sha256 } from '../../model/digest.js';
import { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { openAttestations as openByReference, type ResolveOptions, resolve } from '../transport.js';
import { openAttestations } from './attestations.js';
import type { BlobSource } from './blob-source.js';
import { FixtureBlobs, type FixtureDescriptor, writeLayout } from './image.fixture.js';
import { resolveImage } from './resolve.js';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const SPDX = 'https://spdx.dev/Document';

let folder: string;
let store: Store;
let blobs: FixtureBlobs;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-attestations-'));
  store = await Store.open(join(folder, 'cache'));
  blobs = new FixtureBlobs();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function sourceOf(top: FixtureDescriptor): BlobSource {
  const bytesOf = (digest: Digest) => {
    const bytes = blobs.blobs.get(digest);
    if (bytes === undefined) throw new SourceError('not-found', `there is no ${digest}`);
    return bytes;
  };
  return {
    manifest: async (reference) => ({
      bytes: bytesOf(reference.startsWith('sha256:') ? (reference as Digest) : top.digest),
      mediaType: '',
    }),
    async *blob(digest) {
      yield bytesOf(digest);
    },
  };
}

/** As BuildKit writes it: a manifest of its own, beside the image that it is about. */
function attestationOf(image: FixtureDescriptor, statements: Readonly<Record<string, string>>): FixtureDescriptor {
  const layers = Object.entries(statements).map(([text, predicateType]) => ({
    ...blobs.add(Buffer.from(text), 'application/vnd.in-toto+json'),
    annotations: { 'in-toto.io/predicate-type': predicateType },
  }));
  const config = blobs.addJson(
    { rootfs: { type: 'layers', diff_ids: [] } },
    'application/vnd.oci.image.config.v1+json',
  );
  return {
    ...blobs.addJson({ schemaVersion: 2, mediaType: MANIFEST, config, layers }, MANIFEST),
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': image.digest,
    },
  };
}

const indexOf = (...manifests: readonly FixtureDescriptor[]) => blobs.addIndex(manifests);
const image = (text: string) => blobs.addImage({ layers: [{ files: { a: text } }] });

async function opened(top: FixtureDescriptor, change: { mayBeIncomplete?: boolean; source?: BlobSource } = {}) {
  const { signal } = new AbortController();
  const surroundings = { about: 'example/web:1', store, signal, progress: () => undefined };
  const source = sourceOf(top);
  const pin = await resolveImage(source, { ...surroundings, reference: '1', platform: 'linux/amd64' });
  const { mayBeIncomplete = false, source: later = source } = change;
  return openAttestations(pin, { ...surroundings, source: async () => later, mayBeIncomplete });
}

const texts = (found: readonly { readonly bytes: Uint8Array }[]) =>
  found.map(({ bytes }) => Buffer.from(bytes).toString()).sort();

describe('openAttestations()', () => {
  test('gives the SBOMs of the image that is pinned, and no other statements', async () => {
    const [ours, other] = [image('ours'), image('other')];
    const top = indexOf(
      ours,
      other,
      attestationOf(ours, { a: SPDX, b: 'https://slsa.dev/provenance/v0.2', c: 'https://cyclonedx.org/bom' }),
      attestationOf(other, { d: SPDX }),
    );
    const found = await opened(top);
    expect(texts(found)).toEqual(['a', 'c']);
    for (const { digest, bytes } of found) expect(digest).toBe(sha256(bytes));
  });

  test('finds them in an index within an index', async () => {
    const ours = image('ours');
    expect(texts(await opened(indexOf(indexOf(ours, attestationOf(ours, { a: SPDX })))))).toEqual(['a']);
  });

  test('asks for nothing that is in the store', async () => {
    const ours = image('ours');
    const top = indexOf(ours, attestationOf(ours, { a: SPDX }));
    await opened(top);
    const source: BlobSource = {
      manifest: () => Promise.reject(new Error('not to be asked')),
      // biome-ignore lint/correctness/useYield: there is nothing to give
      blob: async function* () {
        throw new Error('not to be asked');
      },
    };
    expect(texts(await opened(top, { source }))).toEqual(['a']);
  });

  test('gives nothing where an image has no index', async () => {
    expect(await opened(image('ours'))).toEqual([]);
  });

  test('fails where a registry lacks what its index names; passes over it where only a copy does', async () => {
    const ours = image('ours');
    const attestation = attestationOf(ours, { a: SPDX });
    const top = indexOf(ours, attestation);
    blobs.blobs.delete(sha256('a'));
    await expect(opened(top)).rejects.toMatchObject({ code: 'not-found' });
    expect(await opened(top, { mayBeIncomplete: true })).toEqual([]);
  });

  test('notices other bytes than those that are named', async () => {
    const ours = image('ours');
    const top = indexOf(ours, attestationOf(ours, { a: SPDX }));
    blobs.blobs.set(sha256('a'), Buffer.from('b'));
    await expect(opened(top)).rejects.toMatchObject({ code: 'digest-mismatch' });
  });

  test('refuses an attestation that is no manifest', async () => {
    const ours = image('ours');
    const attestation = attestationOf(ours, {});
    const broken = { ...attestation, ...blobs.add(Buffer.from('{"layers":7}'), MANIFEST) };
    await expect(opened(indexOf(ours, broken))).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('openAttestations() of a reference', () => {
  test('finds them in a layout on this machine', async () => {
    const ours = image('ours');
    writeLayout(join(folder, 'images'), blobs, { web: indexOf(ours, attestationOf(ours, { a: SPDX })) });
    const options: ResolveOptions = {
      ...{ store, directory: folder, platform: 'linux/amd64', suite: 'trixie', offline: true, keep: [] },
      mirrors: () => Promise.reject(new Error('no mirror is needed')),
      registries: () => Promise.reject(new Error('no registry is needed')),
      now: () => new Date(0),
      signal: new AbortController().signal,
      progress: () => undefined,
    };
    const reference = 'oci:images:web';
    const pin = await resolve(reference, 'root', options);
    expect(texts(await openByReference(pin, { ...options, reference }))).toEqual(['a']);
    await rm(join(folder, 'images'), { recursive: true });
    expect(texts(await openByReference(pin, { ...options, reference }))).toEqual(['a']);
  });
});
