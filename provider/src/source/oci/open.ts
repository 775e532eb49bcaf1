import { type Compression, decompress } from '../../format/decompress.js';
import { digestStream } from '../../format/digest-stream.js';
import { FormatError } from '../../format/error.js';
import { mapInOrder } from '../../format/map-in-order.js';
import { shortDigest } from '../../model/digest.js';
import type { ImageConfig, Layer } from '../../model/layer.js';
import type { ImagePin, PinnedLayer } from '../../model/pin.js';
import type { Progress } from '../../model/progress.js';
import { StoreError } from '../../store/error.js';
import { putTar, recallLayer, rememberLayer } from '../../store/layers.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { BlobSource } from './blob-source.js';
import { parseImageDocument } from './document.js';
import { layerCompression } from './media-type.js';
import { resumed } from './resumed.js';
import { sniffed } from './sniffed.js';
import { fetchSmallBlob, mismatch, storedSmallBlob, wrongSize } from './verified.js';

export interface OpenImageOptions {
  /** Asked for only when something has to be fetched. */
  readonly source: () => Promise<BlobSource>;
  /** The reference, for messages. */
  readonly about: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** One decompresses while others are fetched. */
const LAYERS_IN_FLIGHT = 3;
/** What one layer may unpack to, however small it is. */
const MAX_UNPACKED_BYTES = 32 * 2 ** 30;

/**
 * The layers of a pinned image, lowest first, uncompressed in the store; fetched and unpacked where they are not there.
 * @throws {SourceError} `digest-mismatch`, `size-mismatch`, `malformed`, `unsupported`, `too-large`, and what the
 *   source throws. {StoreError}
 */
export async function openLayers(pin: ImagePin, options: OpenImageOptions): Promise<readonly Layer[]> {
  const open = once(options.source);
  const opening = new Map<string, Promise<Layer>>();
  const layerOf = (layer: PinnedLayer): Promise<Layer> => {
    // Images repeat layers: each change of metadata alone leaves the same empty one.
    const known = opening.get(layer.diffId) ?? openLayer(layer, { ...options, source: open });
    opening.set(layer.diffId, known);
    return known;
  };
  const layers: Layer[] = [];
  for await (const layer of mapInOrder(pin.layers, layerOf, { inFlight: LAYERS_IN_FLIGHT })) layers.push(layer);
  return layers;
}

/**
 * What a pinned image says about how it is run.
 * @throws {SourceError} as openLayers() does.
 */
export async function openConfig(pin: ImagePin, options: OpenImageOptions): Promise<ImageConfig> {
  const { store, about, signal } = options;
  const subject = { about: `the configuration of ${about}`, signal };
  const stored = await storedSmallBlob(store, pin.config);
  if (stored !== undefined) return parseImageDocument(stored, subject.about).config;
  const bytes = await fetchSmallBlob(await options.source(), pin.config, subject);
  await store.put(bytes, { expect: { digest: pin.config.digest } });
  return parseImageDocument(bytes, subject.about).config;
}

async function openLayer(pinned: PinnedLayer, options: OpenImageOptions): Promise<Layer> {
  const { store, signal } = options;
  const key = `image layer ${pinned.diffId}`;
  const known = await recallLayer(store, key);
  if (known !== undefined) return known;
  const about = `layer ${shortDigest(pinned.digest)} of ${options.about}`;
  try {
    const layer = await putTar(store, unpacked(pinned, { ...options, about }), {
      expect: { digest: pinned.diffId },
      // The digests show that nothing is missing, and some writers leave the end away.
      endMayBeMissing: true,
      signal,
    });
    await rememberLayer(store, key, layer);
    return layer;
  } catch (error) {
    throw explained(error, { about, diffId: pinned.diffId });
  }
}

/** The bytes of a layer's archive. The blob that they come from is checked to its last byte. */
async function* unpacked(
  pinned: PinnedLayer,
  { source, about, progress, signal }: OpenImageOptions,
): AsyncGenerator<Uint8Array> {
  const { digest, sizeBytes, mediaType } = pinned;
  const compression = layerCompression(mediaType);
  if (compression === undefined) {
    throw new SourceError('unsupported', `Cannot open ${about}: its kind ${JSON.stringify(mediaType)} is not known`);
  }
  const step = `fetching ${about}`;
  let verified = false;
  const blob = resumed(await source(), digest, { sizeBytes, signal });
  const checked = digestStream(withinSize(blob, { about, sizeBytes, progress, step }), (got) => {
    if (got.sizeBytes !== sizeBytes) throw wrongSize(about, got.sizeBytes, sizeBytes);
    if (got.digest !== digest) throw mismatch(about, got.digest, digest);
    verified = true;
  });
  const { chunks, compression: real } = await sniffed(checked, compression);
  yield* decompress(chunks, { compression: real satisfies Compression, maxBytes: MAX_UNPACKED_BYTES, signal });
  if (verified) return;
  throw new SourceError('malformed', `Cannot open ${about}: something follows the end of its compressed data`);
}

async function* withinSize(
  chunks: AsyncIterable<Uint8Array>,
  {
    about,
    sizeBytes,
    progress,
    step,
  }: { readonly about: string; readonly sizeBytes: number; readonly progress: Progress; readonly step: string },
): AsyncGenerator<Uint8Array> {
  let done = 0;
  progress({ step, done, total: sizeBytes });
  for await (const chunk of chunks) {
    done += chunk.byteLength;
    if (done > sizeBytes) throw wrongSize(about, done, sizeBytes);
    progress({ step, done, total: sizeBytes });
    yield chunk;
  }
}

/** Says of what is wrong with a format, or with the bytes, in which layer it is. */
function explained(error: unknown, { about, diffId }: { readonly about: string; readonly diffId: string }): unknown {
  if (error instanceof StoreError && error.code === 'corrupt' && error.context.property === 'digest') {
    return mismatch(`${about}, unpacked`, error.context.got ?? '', diffId);
  }
  if (!(error instanceof FormatError)) return error;
  const code = error.code === 'unsupported' || error.code === 'too-large' ? error.code : 'malformed';
  return new SourceError(code, `Cannot open ${about}: ${error.message}`, { cause: error, context: { path: about } });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
