import type { Attestation } from '../../model/attestation.js';
import type { Digest } from '../../model/digest.js';
import type { ImageBlob } from '../../model/layer.js';
import type { ImagePin } from '../../model/pin.js';
import { SourceError } from '../error.js';
import type { BlobSource } from './blob-source.js';
import { type Descriptor, parseArtifactBlobs, parseDocument } from './document.js';
import { keep, recalled } from './kept-document.js';
import { documentKind } from './media-type.js';
import type { OpenImageOptions } from './open.js';
import { fetchManifest, fetchSmallBlob, storedSmallBlob } from './verified.js';

export interface OpenAttestationsOptions extends OpenImageOptions {
  /** Whether the source may lack a part of what its index names, as copies of one platform out of many do. */
  readonly mayBeIncomplete: boolean;
  /** Called with each index, manifest and statement that is read, which is in the store then. */
  readonly onBlob?: (blob: Pick<ImageBlob, 'digest' | 'sizeBytes'>) => void;
}

/** Docker's BuildKit, "Image attestation storage": annotations of descriptors in an index. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';
/** The same document: what a statement is about. */
const PREDICATE_TYPE = 'in-toto.io/predicate-type';
const SBOM = /^https:\/\/(spdx\.dev\/Document|cyclonedx\.org\/bom)\b/;

const MAX_DEPTH = 4;
const MAX_INDEXES = 64;
const MAX_STATEMENTS = 64;
/** SBOMs of the largest images have some tens of megabytes; of a larger one nothing is taken. */
const MAX_STATEMENT_BYTES = 64 << 20;

/**
 * The SBOMs that the makers of a pinned image have put beside it, sorted by digest: those that its index names, for only
 * they are pinned with it. What is found is in the store afterwards.
 * @throws {SourceError} `digest-mismatch`, `size-mismatch`, `malformed`, `too-large`, and what the source throws.
 */
export async function openAttestations(pin: ImagePin, options: OpenAttestationsOptions): Promise<Attestation[]> {
  const { index, manifest } = pin;
  if (index === undefined) return [];
  const statements = new Map<Digest, Descriptor>();
  for (const attestation of await attestationManifests({ index, manifest }, options)) {
    const bytes = await document(attestation.digest, options);
    if (bytes === undefined) continue;
    for (const blob of parseArtifactBlobs(bytes, `an attestation of ${options.about}`)) {
      if (SBOM.test(blob.annotations[PREDICATE_TYPE] ?? '')) statements.set(blob.digest, blob);
    }
  }
  const found: Attestation[] = [];
  for (const digest of [...statements.keys()].sort().slice(0, MAX_STATEMENTS)) {
    const bytes = await statement(statements.get(digest) as Descriptor, options);
    if (bytes !== undefined) found.push({ digest, bytes });
  }
  return found;
}

/** The manifests that an index, or one in it, calls attestations of an image. */
async function attestationManifests(
  { index, manifest }: { readonly index: Digest; readonly manifest: Digest },
  options: OpenAttestationsOptions,
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  const pending = [{ digest: index, depth: 0 }];
  let seen = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (++seen > MAX_INDEXES) break;
    const bytes = await document(next.digest, options);
    const read = bytes && parseDocument(bytes, '', options.about);
    if (read?.kind !== 'index') continue;
    for (const descriptor of read.manifests) {
      const { annotations, mediaType, digest } = descriptor;
      if (annotations[REFERENCE_TYPE] === 'attestation-manifest') {
        if (annotations[REFERENCE_DIGEST] === manifest) found.push(descriptor);
      } else if (documentKind(mediaType) === 'index' && next.depth < MAX_DEPTH) {
        pending.push({ digest, depth: next.depth + 1 });
      }
    }
  }
  return found;
}

/** An index or manifest: from the store, else from the source. */
async function document(digest: Digest, options: OpenAttestationsOptions): Promise<Uint8Array | undefined> {
  const { store } = options;
  const known = await recalled(store, digest);
  const found = known ?? (await unlessMissing(options, async (source) => fetchManifest(source, digest, options)));
  if (found === undefined) return undefined;
  if (known === undefined) await keep(store, found);
  options.onBlob?.({ digest, sizeBytes: found.bytes.byteLength });
  return found.bytes;
}

async function statement(
  { digest, sizeBytes }: Descriptor,
  options: OpenAttestationsOptions,
): Promise<Uint8Array | undefined> {
  if (sizeBytes > MAX_STATEMENT_BYTES) return undefined;
  const { store, signal } = options;
  const stored = await storedSmallBlob(store, { digest, sizeBytes }, MAX_STATEMENT_BYTES);
  if (stored !== undefined) {
    options.onBlob?.({ digest, sizeBytes });
    return stored;
  }
  const subject = { about: `an attestation of ${options.about}`, signal, maxBytes: MAX_STATEMENT_BYTES };
  const bytes = await unlessMissing(options, (source) => fetchSmallBlob(source, { digest, sizeBytes }, subject));
  if (bytes === undefined) return undefined;
  await store.put(bytes, { expect: { digest } });
  options.onBlob?.({ digest, sizeBytes });
  return bytes;
}

async function unlessMissing<T>(
  { source, mayBeIncomplete }: OpenAttestationsOptions,
  fetch: (source: BlobSource) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await fetch(await source());
  } catch (error) {
    if (mayBeIncomplete && error instanceof SourceError && error.code === 'not-found') return undefined;
    throw error;
  }
}
