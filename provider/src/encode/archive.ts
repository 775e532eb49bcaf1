import { createHash, type Hash } from 'node:crypto';
import { mapInOrder } from '../format/map-in-order.js';
import { type Digest, sha256 } from '../model/digest.js';
import type { Content } from '../model/tree.js';
import { type ArchiveChunk, type ArchiveEntry, type BodyPart, CHUNK_BYTES, chunksOf } from './archive-chunks.js';
import type { BytesOptions, EncodeContext } from './context.js';
import { EncodeError } from './error.js';
import { type Gaps, readRanges } from './read-ranges.js';

/** One chunk is read while another is compared with its digests and a third is written by whoever takes them. */
const IN_FLIGHT = 3;

export interface ArchiveOptions extends BytesOptions {
  /** Where chunks are put together, in turns: one is overwritten when the next one is asked for. */
  readonly rooms?: readonly ChunkRoom[] | undefined;
}

/**
 * The bytes of an archive, in chunks of 1 MiB, or as long as the rooms for them. Each body is compared with its digest
 * while it is read; bodies that lie close to each other are read together. Memory does not grow with the number or the
 * size of the files.
 * @throws {EncodeError} `corrupt` when a body is not what the tree says: before its last bytes are given.
 */
export async function* archiveBytes(
  entries: Iterable<ArchiveEntry>,
  context: EncodeContext,
  options: ArchiveOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { rooms = options.reuse === true ? chunkRooms(IN_FLIGHT) : undefined } = options;
  const inFlight = rooms?.length ?? IN_FLIGHT;
  const reads: Promise<void>[] = [];
  let next = 0;
  const verify = verifier();
  // Bodies go on from chunk to chunk, so chunks are verified one after the other, whichever was read first.
  let verified = Promise.resolve();
  const filled = (chunk: ArchiveChunk): Promise<Uint8Array> => {
    const room = rooms?.[next++ % rooms.length];
    const bytes = room?.bytes.subarray(0, chunk.sizeBytes) ?? Buffer.allocUnsafe(chunk.sizeBytes);
    const gaps = room?.gaps ?? {};
    const read = fill(bytes, { chunk, gaps, context });
    read.catch(() => undefined);
    reads.push(read);
    if (reads.length > inFlight) reads.shift();
    verified = verified.then(() => read);
    if (options.trusting !== true) verified = verified.then(() => verify(chunk, bytes));
    return verified.then(() => bytes);
  };
  const chunks = chunksOf(entries, rooms?.[0]?.bytes.length);
  try {
    for await (const bytes of mapInOrder(chunks, filled, { inFlight })) {
      context.signal.throwIfAborted();
      yield bytes;
    }
  } finally {
    // A chunk fails as soon as one before it does, when it is still being read; others may use its room then.
    await Promise.allSettled(reads);
  }
}

/** Where a chunk is put together. */
export interface ChunkRoom {
  readonly bytes: Buffer;
  readonly gaps: Gaps;
}

/** Rooms for chunks of that size, which must all be the same. */
export function chunkRooms(count: number, sizeBytes = CHUNK_BYTES): ChunkRoom[] {
  return Array.from({ length: count }, () => ({ bytes: Buffer.allocUnsafeSlow(sizeBytes), gaps: {} }));
}

interface Filling {
  readonly chunk: ArchiveChunk;
  readonly gaps: Gaps;
  readonly context: EncodeContext;
}

async function fill(bytes: Uint8Array, { chunk, gaps, context }: Filling): Promise<void> {
  context.signal.throwIfAborted();
  for (const { at, bytes: known } of chunk.known) bytes.set(known, at);
  await readRanges(chunk.ranges, { bytes, gaps }, context);
}

/** Compares the bodies in chunks with their digests; chunks must come in their order. */
function verifier(): (chunk: ArchiveChunk, bytes: Uint8Array) => void {
  let hash: Hash | undefined;
  return ({ bodies }, bytes) => {
    for (const { path, content, at, sizeBytes, isFirst, isLast } of bodies satisfies readonly BodyPart[]) {
      const part = bytes.subarray(at, at + sizeBytes);
      if (isFirst && isLast) {
        checkContent({ path, content }, { sizeBytes, digest: sha256(part) });
        continue;
      }
      if (isFirst || hash === undefined) hash = createHash('sha256');
      hash.update(part);
      if (isLast)
        checkContent({ path, content }, { sizeBytes: content.sizeBytes, digest: `sha256:${hash.digest('hex')}` });
    }
  };
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
  checkContent({ path, content }, { sizeBytes, digest: `sha256:${hash.digest('hex')}` });
}

/** @throws {EncodeError} `corrupt` when a content is not what the tree says. */
export function checkContent(
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
