import type { Digest } from '../../model/digest.js';
import type { ImagePin } from '../../model/pin.js';
import type { Platform } from '../../model/platform.js';
import type { Progress } from '../../model/progress.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { BlobSource } from './blob-source.js';
import { candidates, fitOf, platformName, platformsOf } from './choose.js';
import { type ImageManifest, parseDocument, parseImageDocument, parseJson } from './document.js';
import { keep, recalled } from './kept-document.js';
import { OCI_MANIFEST } from './media-type.js';
import { fetchManifest, fetchSmallBlob, storedSmallBlob } from './verified.js';

export interface ResolveImageOptions {
  /** A tag or a digest, as the source has them. */
  readonly reference: string;
  /** The whole reference, for messages. */
  readonly about: string;
  readonly platform: Platform;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Indexes within indexes are rare, and deeper ones than this are an attempt to keep us busy. */
const MAX_DEPTH = 4;
/** Of manifests and indexes that are looked at for one reference. */
const MAX_DOCUMENTS = 64;

/**
 * The pin of an image for a platform. Its manifest, index and configuration are in the store afterwards.
 * @throws {SourceError} `no-platform` with those that there are; `not-found`, `digest-mismatch`, `size-mismatch`,
 *   `malformed`, `unsupported`, `too-large`, and what the source throws.
 */
export async function resolveImage(source: BlobSource, options: ResolveImageOptions): Promise<ImagePin> {
  options.progress({ step: `resolving ${options.about}` });
  const search: Search = { ...options, source, seen: 0, platforms: [] };
  const found = await find(search, options.reference, []);
  if (found === undefined) throw noPlatform(search);
  const { manifest, digest, diffIds } = found;
  return {
    kind: 'image',
    ...(found.index === undefined ? {} : { index: found.index }),
    manifest: digest,
    config: { digest: manifest.config.digest, sizeBytes: manifest.config.sizeBytes },
    layers: manifest.layers.map(({ digest: layer, sizeBytes, mediaType }, at) => ({
      digest: layer,
      sizeBytes,
      mediaType,
      diffId: diffIds[at] as Digest,
    })),
  };
}

interface Search extends ResolveImageOptions {
  readonly source: BlobSource;
  seen: number;
  /** Of all that was looked at and did not fit. */
  readonly platforms: string[];
}

interface Found {
  readonly index?: Digest;
  readonly manifest: ImageManifest;
  readonly digest: Digest;
  readonly diffIds: readonly Digest[];
}

/** Looks through an index, depth first. `path` is the indexes that led here, the outermost first. */
async function find(search: Search, reference: string, path: readonly Digest[]): Promise<Found | undefined> {
  const { source, store, about } = search;
  if (path.length > MAX_DEPTH || ++search.seen > MAX_DOCUMENTS) {
    throw new SourceError('too-large', `Cannot resolve ${about}: its index holds too many others; at most 4 levels`, {
      context: { path: about },
    });
  }
  const fetched = (await recalled(store, reference)) ?? (await fetchManifest(source, reference, search));
  const { bytes, mediaType, digest } = fetched;
  const document = parseDocument(bytes, mediaType, about);
  if (document.kind === 'manifest') {
    const found = await foundIn(search, document, digest);
    if (found === undefined) return undefined;
    await keep(store, fetched);
    return { ...found, ...(path[0] === undefined ? {} : { index: path[0] }) };
  }
  search.platforms.push(...platformsOf(document.manifests));
  for (const candidate of candidates(document.manifests, search.platform)) {
    const found = await find(search, candidate.digest, [...path, digest]);
    if (found === undefined) continue;
    await keep(store, fetched);
    return found;
  }
  return undefined;
}

/** A manifest with its configuration, which has the last word about the platform. */
async function foundIn(search: Search, manifest: ImageManifest, digest: Digest): Promise<Found | undefined> {
  const { source, store, about, signal } = search;
  const subject = { about: `the configuration of ${about}`, signal };
  const bytes =
    (await storedSmallBlob(store, manifest.config)) ?? (await fetchSmallBlob(source, manifest.config, subject));
  const { platform, diffIds } = parseImageDocument(bytes, subject.about);
  // Its variant is left out of account: tools often write one into the index alone, or the configuration alone.
  if (fitOf({ ...platform, variant: '' }, search.platform) === undefined) {
    search.platforms.push(platformName(platform));
    return undefined;
  }
  if (diffIds.length !== manifest.layers.length) {
    throw new SourceError(
      'malformed',
      `Cannot use ${about}: its manifest has ${manifest.layers.length} layers, its configuration ${diffIds.length}`,
      { context: { path: about } },
    );
  }
  await store.put(bytes, { expect: { digest: manifest.config.digest } });
  return { manifest, digest, diffIds };
}

/** A manifest, and the bytes that it was read from. */
export interface OpenedManifest {
  readonly manifest: ImageManifest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/**
 * The manifest of a pin: from the store, else from the source.
 * @throws {SourceError} `not-found`, `digest-mismatch`, `malformed`, and what the source throws.
 */
export async function openManifest(
  source: () => Promise<BlobSource>,
  digest: Digest,
  { store, about, signal }: Pick<ResolveImageOptions, 'store' | 'about' | 'signal'>,
): Promise<OpenedManifest> {
  const { bytes, mediaType } =
    (await recalled(store, digest)) ?? (await fetchManifest(await source(), digest, { about, signal }));
  const document = parseDocument(bytes, mediaType, about);
  const { mediaType: own } = parseJson(bytes, about) as { readonly mediaType?: unknown };
  if (document.kind === 'manifest') {
    return { manifest: document, bytes, mediaType: typeof own === 'string' ? own : mediaType || OCI_MANIFEST };
  }
  throw new SourceError('malformed', `Cannot read ${about}: ${digest} is an index; wanted a manifest`);
}

function noPlatform({ about, platform, platforms }: Search): SourceError {
  const there = [...new Set(platforms)];
  const list = there.length === 0 ? 'no image at all' : `only ${there.slice(0, 20).join(', ')}`;
  return new SourceError(
    'no-platform',
    `Cannot use ${about}: it has no image for ${platform}, ${list}; set \`platform\` to one of them, or use another image`,
    { context: { path: about, got: there.join(', '), want: platform } },
  );
}
