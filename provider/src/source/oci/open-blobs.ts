import { mapInOrder } from '../../format/map-in-order.js';
import { shortDigest } from '../../model/digest.js';
import type { ImageBlob, ImageBlobs } from '../../model/layer.js';
import type { ImagePin, PinnedLayer } from '../../model/pin.js';
import { StoreError } from '../../store/error.js';
import { keep } from './kept-document.js';
import { type OpenImageOptions, openConfig } from './open.js';
import { openManifest } from './resolve.js';
import { resumed } from './resumed.js';
import { mismatch, wrongSize } from './verified.js';

const LAYERS_IN_FLIGHT = 3;

/**
 * The blobs of a pinned image as its registry has them, in the store: the manifest, the configuration, and the layers as
 * they are compressed. Of a layer that occurs twice there is one.
 * @throws {SourceError} `not-found`, `digest-mismatch`, `size-mismatch`, and what the source throws. {StoreError}
 */
export async function openBlobs(pin: ImagePin, options: OpenImageOptions): Promise<ImageBlobs> {
  const { store } = options;
  const document = await openManifest(options.source, pin.manifest, options);
  await keep(store, { ...document, digest: pin.manifest });
  await openConfig(pin, options);
  const { config } = document.manifest;
  const blobs: ImageBlob[] = [{ ...pin.config, mediaType: config.mediaType }];
  const layers = new Map(pin.layers.map((layer) => [layer.digest, layer]));
  const fetch = (layer: PinnedLayer) => fetchLayer(layer, options);
  for await (const blob of mapInOrder([...layers.values()], fetch, { inFlight: LAYERS_IN_FLIGHT })) blobs.push(blob);
  const { mediaType } = document;
  return { manifest: { digest: pin.manifest, sizeBytes: document.bytes.byteLength, mediaType }, blobs };
}

/**
 * Keeps the manifest of a pin in the store, where resolveImage() and openManifest() find it.
 * @throws {SourceError} as openManifest() does.
 */
export async function keepManifest(pin: ImagePin, options: OpenImageOptions): Promise<void> {
  const { bytes, mediaType } = await openManifest(options.source, pin.manifest, options);
  await keep(options.store, { bytes, mediaType, digest: pin.manifest });
}

async function fetchLayer(
  { digest, sizeBytes, mediaType }: PinnedLayer,
  { source, store, signal, progress, ...options }: OpenImageOptions,
): Promise<ImageBlob> {
  const about = `layer ${shortDigest(digest)} of ${options.about}`;
  const fetched = async function* (): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const chunk of resumed(await source(), digest, { sizeBytes, signal })) {
      done += chunk.byteLength;
      progress({ step: `fetching ${about}`, done, total: sizeBytes });
      yield chunk;
    }
  };
  try {
    await store.put(fetched(), { expect: { digest, sizeBytes }, signal });
    return { digest, sizeBytes, mediaType };
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error;
    const { property, got = '' } = error.context;
    throw property === 'digest'
      ? mismatch(about, got, digest)
      : wrongSize(about, Number.parseInt(got, 10) || sizeBytes + 1, sizeBytes);
  }
}
