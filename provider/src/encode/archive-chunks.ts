import type { BlobRange } from '../model/layer.js';
import type { Content } from '../model/tree.js';

/** One entry of an archive: what stands before its body, the body, and what stands after it. */
export interface ArchiveEntry {
  /** For messages. */
  readonly path: string;
  readonly header: Uint8Array;
  readonly content?: Content;
  readonly padding?: Uint8Array;
}

/** A piece of an archive, not read yet. */
export interface ArchiveChunk {
  readonly sizeBytes: number;
  /** What is known already, and where in the chunk it stands. */
  readonly known: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** What is read, and where it goes. */
  readonly ranges: readonly (BlobRange & { readonly at: number })[];
  /** Every body that has bytes in the chunk, or that is empty, in their order. */
  readonly bodies: readonly BodyPart[];
}

/** The part of a body that lies in one chunk. */
export interface BodyPart {
  readonly path: string;
  readonly content: Content;
  /** Where in the chunk. */
  readonly at: number;
  readonly sizeBytes: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Large enough that a system call does not matter, small enough to have several in memory. */
export const CHUNK_BYTES = 1 << 20;

export function entryBytes({ header, content, padding }: ArchiveEntry): number {
  return header.byteLength + (content?.sizeBytes ?? 0) + (padding?.byteLength ?? 0);
}

/** Cuts an archive into chunks of one size; the last one is shorter. A body may lie in many. */
export function* chunksOf(
  entries: Iterable<ArchiveEntry>,
  chunkBytes = CHUNK_BYTES,
): Generator<ArchiveChunk, void, undefined> {
  let chunk = new GrowingChunk(chunkBytes);
  for (const { path, header, content, padding } of entries) {
    chunk = yield* placeKnown(chunk, header);
    if (content !== undefined) {
      let done = 0;
      do {
        if (chunk.leftBytes === 0) {
          yield chunk;
          chunk = new GrowingChunk(chunkBytes);
        }
        const sizeBytes = Math.min(chunk.leftBytes, content.sizeBytes - done);
        const isLast = done + sizeBytes === content.sizeBytes;
        chunk.addBody({ path, content, at: chunk.sizeBytes, sizeBytes, isFirst: done === 0, isLast }, done);
        done += sizeBytes;
      } while (done < content.sizeBytes);
    }
    if (padding !== undefined) chunk = yield* placeKnown(chunk, padding);
  }
  if (chunk.sizeBytes > 0) yield chunk;
}

function* placeKnown(chunk: GrowingChunk, bytes: Uint8Array): Generator<ArchiveChunk, GrowingChunk, undefined> {
  let into = chunk;
  for (let done = 0; done < bytes.byteLength; ) {
    if (into.leftBytes === 0) {
      yield into;
      into = new GrowingChunk(into.chunkBytes);
    }
    const part = bytes.subarray(done, done + into.leftBytes);
    into.addKnown(part);
    done += part.byteLength;
  }
  return into;
}

class GrowingChunk implements ArchiveChunk {
  sizeBytes = 0;
  readonly known: { at: number; bytes: Uint8Array }[] = [];
  readonly ranges: (BlobRange & { at: number })[] = [];
  readonly bodies: BodyPart[] = [];
  readonly chunkBytes: number;

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes;
  }

  get leftBytes(): number {
    return this.chunkBytes - this.sizeBytes;
  }

  addKnown(bytes: Uint8Array): void {
    this.known.push({ at: this.sizeBytes, bytes });
    this.sizeBytes += bytes.byteLength;
  }

  addBody(part: BodyPart, from: number): void {
    const { content, at, sizeBytes } = part;
    this.bodies.push(part);
    if ('bytes' in content) this.known.push({ at, bytes: content.bytes.subarray(from, from + sizeBytes) });
    else if (sizeBytes > 0) this.ranges.push({ blob: content.blob, offset: content.offset + from, sizeBytes, at });
    this.sizeBytes += sizeBytes;
  }
}
