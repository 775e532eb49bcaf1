import { type TarEntry, TarReader, type TarReaderOptions } from '../format/tar-reader.js';
import { type Digest, isDigest, type Json, sha256 } from '../model/digest.js';
import type { Layer, LayerEntry } from '../model/layer.js';
import { decodeLayerIndex, encodeLayerIndex, LAYER_INDEX_VERSION } from './layer-index.js';
import { putSparse } from './put-sparse.js';
import type { PutOptions, Store } from './store.js';

/** What the sparse files of one archive may have together, zeros included: as much as a file may have elsewhere. */
const MAX_SPARSE_BYTES = 16 * 2 ** 30;

/**
 * Stores an uncompressed tar, and returns it as a layer. The root's own entry (`./`) is left out. With an expected digest
 * that is there already, `chunks` is not read. Files that are sparse in it are whole, each in a blob of its own.
 */
export async function putTar(
  store: Store,
  chunks: AsyncIterable<Uint8Array>,
  options: PutOptions & Pick<TarReaderOptions, 'endMayBeMissing'> = {},
): Promise<Layer> {
  const reader = new TarReader({ ...options, maxSparseBytes: MAX_SPARSE_BYTES });
  let entries: readonly TarEntry[] | undefined;
  const read = async function* (from: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of from) {
      reader.push(chunk);
      yield chunk;
    }
    // Before the end is reached: an archive that cannot be read is not stored.
    entries = reader.finish();
  };
  const { digest, sizeBytes } = await store.put(read(chunks), options);
  if (entries === undefined) {
    const stored = store.stream({ blob: digest, offset: 0, sizeBytes }, options.signal);
    for await (const _ of read(stored));
  }
  return { digest, entries: await putEntries(store, entries ?? [], { archive: digest, signal: options.signal }) };
}

async function putEntries(
  store: Store,
  entries: readonly TarEntry[],
  options: { readonly archive: Digest; readonly signal?: AbortSignal | undefined },
): Promise<LayerEntry[]> {
  const put: LayerEntry[] = [];
  for (const entry of entries) {
    if (entry.path === '') continue;
    const { sparse, ...rest } = entry;
    const whole = layerEntry(rest, options.archive);
    put.push(sparse === undefined ? whole : { ...whole, content: await putSparse(store, sparse, options) });
  }
  return put;
}

/** Whether recallLayer() has something, without reading it. */
export async function hasLayer(store: Store, key: string): Promise<boolean> {
  return (await factOf(store, key)) !== undefined;
}

/**
 * The layer that was remembered under a key, if all blobs that its entries point into are there. Fast: reads two small
 * files, and no compressed input.
 */
export async function recallLayer(store: Store, key: string): Promise<Layer | undefined> {
  const fact = await factOf(store, key);
  if (fact === undefined) return undefined;
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

async function factOf(store: Store, key: string): Promise<Fact | undefined> {
  const fact = await store.recall(factKey(key));
  if (!isFact(fact)) return undefined;
  for (const blob of [fact.index, ...fact.blobs]) if (!(await store.has(blob))) return undefined;
  return fact;
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

function layerEntry(entry: Omit<TarEntry, 'sparse'>, blob: Digest): LayerEntry {
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
