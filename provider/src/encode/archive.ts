import { createHash } from 'node:crypto';
import { mapInOrder } from '../format/map-in-order.js';
import { type Digest, sha256 } from '../model/digest.js';
import type { Content } from '../model/tree.js';
import type { EncodeContext } from './context.js';
import { EncodeError } from './error.js';
import { type ReadSpan, spansOf } from './read-spans.js';

/** One entry of an archive: what stands before its body, the body, and what stands after it. */
export interface ArchiveEntry {
  /** For messages. */
  readonly path: string;
  readonly header: Uint8Array;
  readonly content?: Content;
  readonly padding?: Uint8Array;
}

/** Entries are read in batches of that size; a larger one is passed on as it is read. */
const BATCH_BYTES = 1 << 20;
/** One batch is read while another is worked on. */
const IN_FLIGHT = 2;

/**
 * The bytes of an archive. Each body is compared with its digest while it is read; bodies that lie close to each
 * other are read together. Memory does not grow with the number or the size of the files.
 * @throws {EncodeError} `corrupt` when a body is not what the tree says.
 */
export async function* archiveBytes(
  entries: Iterable<ArchiveEntry>,
  context: EncodeContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const parts = mapInOrder(batchesOf(entries), (batch) => partOf(batch, context), { inFlight: IN_FLIGHT });
  for await (const part of parts) yield* part;
}

/** The same in one piece: for what is known to be small. */
export async function archiveBuffer(entries: Iterable<ArchiveEntry>, context: EncodeContext): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archiveBytes(entries, context)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function entryBytes({ header, content, padding }: ArchiveEntry): number {
  return header.byteLength + (content?.sizeBytes ?? 0) + (padding?.byteLength ?? 0);
}

function* batchesOf(entries: Iterable<ArchiveEntry>): Generator<ArchiveEntry[]> {
  let batch: ArchiveEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entryBytes(entry);
    if (batch.length > 0 && bytes + size > BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** A large body is not read here but when its turn comes, so that only one such is under way. */
async function partOf(
  batch: readonly ArchiveEntry[],
  context: EncodeContext,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  context.signal.throwIfAborted();
  const [first] = batch;
  if (batch.length === 1 && first !== undefined && entryBytes(first) > BATCH_BYTES) return streamed(first, context);
  const bodies = await readBodies(batch, context);
  const pieces = batch.flatMap((entry) => {
    const body = entry.content === undefined ? new Uint8Array() : bodyOf(entry, entry.content, bodies);
    return [entry.header, body, entry.padding ?? new Uint8Array()];
  });
  return [Buffer.concat(pieces)];
}

async function* streamed(entry: ArchiveEntry, context: EncodeContext): AsyncGenerator<Uint8Array> {
  yield entry.header;
  if (entry.content !== undefined) yield* contentBytes(entry.path, entry.content, context);
  if (entry.padding !== undefined) yield entry.padding;
}

/**
 * The bytes of a file, compared with their digest while they are read.
 * @throws {EncodeError} `corrupt` in place of the end when they are not what the tree says.
 */
export async function* contentBytes(
  path: string,
  content: Content,
  context: EncodeContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of 'bytes' in content ? [content.bytes] : context.read(content)) {
    context.signal.throwIfAborted();
    sizeBytes += chunk.byteLength;
    hash.update(chunk);
    yield chunk;
  }
  check({ path, content }, { sizeBytes, digest: `sha256:${hash.digest('hex')}` });
}

/** Each span that the bodies lie in, read. */
async function readBodies(batch: readonly ArchiveEntry[], context: EncodeContext): Promise<Map<Content, Uint8Array>> {
  const bodies = new Map<Content, Uint8Array>();
  const contents = batch.flatMap(({ content }) => (content === undefined ? [] : [content]));
  for (const span of spansOf(contents)) {
    const bytes = await readSpan(span, context);
    for (const content of span.contents) {
      const from = content.offset - span.offset;
      bodies.set(content, bytes.subarray(from, from + content.sizeBytes));
    }
  }
  return bodies;
}

async function readSpan(span: ReadSpan, context: EncodeContext): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of context.read({ blob: span.blob, offset: span.offset, sizeBytes: span.sizeBytes })) {
    chunks.push(chunk);
  }
  const [first] = chunks;
  // A span is as long as the store's chunks at the most: mostly there is nothing to join.
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
}

function bodyOf(entry: ArchiveEntry, content: Content, bodies: ReadonlyMap<Content, Uint8Array>): Uint8Array {
  const body = 'bytes' in content ? content.bytes : (bodies.get(content) ?? new Uint8Array());
  check({ path: entry.path, content }, { sizeBytes: body.byteLength, digest: sha256(body) });
  return body;
}

function check(
  { path, content }: { readonly path: string; readonly content: Content },
  got: { readonly sizeBytes: number; readonly digest: Digest },
): void {
  if (got.digest === content.sha256 && got.sizeBytes === content.sizeBytes) return;
  const shown = `${got.sizeBytes} bytes of ${got.digest}`;
  const wanted = `${content.sizeBytes} bytes of ${content.sha256}`;
  throw new EncodeError(
    'corrupt',
    `Cannot encode ${path}: its content is ${shown}; wanted ${wanted}; remove it from the cache, to have it made again`,
    { context: { path, got: shown, want: wanted } },
  );
}
