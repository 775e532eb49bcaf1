import { type TarEntry, TarReader, type TarReaderOptions } from '../format/tar-reader.js';
import { type Digest, isDigest, type Json, sha256 } from '../model/digest.js';
import type { Layer, LayerEntry } from '../model/layer.js';
import { decodeLayerIndex, encodeLayerIndex, LAYER_INDEX_VERSION } from './layer-index.js';
import type { PutOptions, Store } from './store.js';

/** Stores an uncompressed tar, and returns it as a layer. The root's own entry (`./`) is left out. */
export async function putTar(
  store: Store,
  chunks: AsyncIterable<Uint8Array>,
  options: PutOptions & TarReaderOptions = {},
): Promise<Layer> {
  const reader = new TarReader(options);
  let entries: readonly TarEntry[] = [];
  const read = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      reader.push(chunk);
      yield chunk;
    }
    // Before the end is reached: an archive that cannot be read is not stored.
    entries = reader.finish();
  };
  const { digest } = await store.put(read(), options);
  return { digest, entries: entries.filter((entry) => entry.path !== '').map((entry) => layerEntry(entry, digest)) };
}

/**
 * The layer that was remembered under a key, if all blobs that its entries point into are there. Fast: reads two small
 * files, and no compressed input.
 */
export async function recallLayer(store: Store, key: string): Promise<Layer | undefined> {
  const fact = await store.recall(factKey(key));
  if (!isFact(fact)) return undefined;
  for (const blob of [fact.index, ...fact.blobs]) if (!(await store.has(blob))) return undefined;
  const bytes = await store.read({ blob: fact.index, offset: 0, sizeBytes: fact.indexBytes });
  // Cheap, and a damaged index would be believed in everything.
  if (sha256(bytes) !== fact.index) return undefined;
  return { digest: fact.layer, entries: decodeLayerIndex(bytes) };
}

/** Remembers a layer that is in the store under a key that names all that it was made from, and how. */
export async function rememberLayer(store: Store, key: string, layer: Layer): Promise<void> {
  const index = await store.put(encodeLayerIndex(layer.entries));
  const blobs = [...new Set([layer.digest, ...layer.entries.flatMap((entry) => entry.content?.blob ?? [])])];
  const fact: Fact = { layer: layer.digest, index: index.digest, indexBytes: index.sizeBytes, blobs };
  await store.remember(factKey(key), fact as unknown as Json);
}

interface Fact {
  readonly layer: Digest;
  readonly index: Digest;
  readonly indexBytes: number;
  readonly blobs: readonly Digest[];
}

function factKey(key: string): string {
  return `layer ${LAYER_INDEX_VERSION} ${key}`;
}

function isFact(fact: unknown): fact is Fact {
  const { layer, index, indexBytes, blobs } = (fact ?? {}) as Partial<Record<keyof Fact, unknown>>;
  const digests = Array.isArray(blobs) ? [layer, index, ...blobs] : [undefined];
  return Number.isSafeInteger(indexBytes) && digests.every((text) => typeof text === 'string' && isDigest(text));
}

function layerEntry(entry: TarEntry, blob: Digest): LayerEntry {
  const { content, xattrs, ...attributes } = entry;
  return {
    ...attributes,
    ...(xattrs === undefined ? {} : { xattrs: inBase64(xattrs) }),
    ...(content === undefined ? {} : { content: { blob, ...content } }),
  };
}

function inBase64(xattrs: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  );
}
