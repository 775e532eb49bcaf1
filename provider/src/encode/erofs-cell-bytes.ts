import { createHash } from 'node:crypto';
import type { Digest } from '../model/digest.js';
import type { Content, TreeEntry } from '../model/tree.js';
import { checkContent } from './archive.js';
import type { EncodeContext } from './context.js';
import { type CellPlan, COPY, READ, USED, WRITTEN } from './erofs-plan.js';
import { type Gaps, readRanges } from './read-ranges.js';

const COMPARE_BYTES = 1 << 18;
/** What is shorter is quicker filled with zeros than passed over. */
const LARGE_BYTES = 4096;

/** Where a cell is put together. */
export interface CellRoom {
  readonly bytes: Buffer;
  readonly gaps: Gaps;
}

/** A part of a file in a cell. */
interface PartRead {
  readonly path: string;
  readonly content: Content;
  /** Where the part begins in the content. */
  readonly from: number;
  readonly sizeBytes: number;
  readonly at: number;
}

/** Makes the bytes of cells, and compares what it reads with its digests. */
export class CellFiller {
  readonly #context: EncodeContext;
  readonly #entries: readonly TreeEntry[];
  readonly #trusting: boolean;
  /** Contents that lie in several cells, compared once as a whole. */
  readonly #compared = new Map<Digest, Promise<void>>();

  constructor(
    entries: readonly TreeEntry[],
    { trusting, context }: { readonly trusting: boolean; readonly context: EncodeContext },
  ) {
    this.#context = context;
    this.#entries = entries;
    this.#trusting = trusting;
  }

  /**
   * Makes the bytes of a cell: what is used of it; the rest is left as it is.
   * @throws {EncodeError} `corrupt` when a content is not what the tree says.
   */
  async fill(room: CellRoom, plan: CellPlan): Promise<void> {
    this.#context.signal.throwIfAborted();
    const reads = this.#readsOf(plan);
    const contents = this.#trusting ? [] : partsByContent(reads);
    const isWhole = (parts: readonly PartRead[]): boolean => sizeOf(parts) === parts[0]?.content.sizeBytes;
    await Promise.all(
      contents.flatMap((parts) => (isWhole(parts) ? [] : parts.slice(0, 1).map((part) => this.#compare(part)))),
    );
    const { bytes } = room;
    putZeros(bytes, plan);
    putWritten(bytes, plan);
    await this.#read(room, reads);
    for (const parts of contents) if (isWhole(parts)) compareParts(bytes, parts);
    const { copies } = plan;
    for (let index = 0; index < copies.length; index += COPY) {
      const from = copies[index] as number;
      bytes.copyWithin(copies[index + 1] as number, from, from + (copies[index + 2] as number));
    }
  }

  #readsOf({ reads }: CellPlan): PartRead[] {
    const parts: PartRead[] = [];
    for (let index = 0; index < reads.length; index += READ) {
      const { path, content } = this.#entries[reads[index] as number] as TreeEntry;
      const [from, sizeBytes, at] = [
        reads[index + 1] as number,
        reads[index + 2] as number,
        reads[index + 3] as number,
      ];
      if (content !== undefined) parts.push({ path, content, from, sizeBytes, at });
    }
    return parts;
  }

  async #read(room: CellRoom, reads: readonly PartRead[]): Promise<void> {
    const ranges = [];
    for (const { content, from, sizeBytes, at } of reads) {
      if ('bytes' in content) room.bytes.set(content.bytes.subarray(from, from + sizeBytes), at);
      else ranges.push({ blob: content.blob, offset: content.offset + from, sizeBytes, at });
    }
    await readRanges(ranges, room, this.#context);
  }

  #compare({ path, content }: { readonly path: string; readonly content: Content }): Promise<void> {
    let done = this.#compared.get(content.sha256);
    if (done === undefined) {
      done = compareWhole(path, content, this.#context);
      this.#compared.set(content.sha256, done);
    }
    return done;
  }
}

/** What a room held before is not to be seen beside what comes to lie there. Where a large part comes, nothing is seen. */
function putZeros(bytes: Buffer, { used, reads }: CellPlan): void {
  let end = used[0] ?? 0;
  for (let index = 0; index < reads.length; index += READ) {
    const [sizeBytes, at] = [reads[index + 2] as number, reads[index + 3] as number];
    if (sizeBytes < LARGE_BYTES || at < end) continue;
    bytes.fill(0, end, at);
    end = at + sizeBytes;
  }
  const [lastOffset = 0, lastBytes = 0] = [used[used.length - USED], used[used.length - 1]];
  if (end < lastOffset + lastBytes) bytes.fill(0, end, lastOffset + lastBytes);
}

function putWritten(bytes: Buffer, plan: CellPlan): void {
  const { written } = plan;
  let done = 0;
  for (let index = 0; index < written.length; index += WRITTEN) {
    const sizeBytes = written[index + 1] as number;
    plan.bytes.copy(bytes, written[index] as number, done, done + sizeBytes);
    done += sizeBytes;
  }
}

/** The parts of each content that lie one behind the other in it. */
function partsByContent(reads: readonly PartRead[]): PartRead[][] {
  const groups: PartRead[][] = [];
  for (const read of reads) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const goesOn = before?.content === read.content && before.from + before.sizeBytes === read.from && read.from > 0;
    if (goesOn) last?.push(read);
    else groups.push([read]);
  }
  return groups;
}

function sizeOf(parts: readonly PartRead[]): number {
  return parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** A content that lies in a cell from beginning to end. */
function compareParts(bytes: Buffer, parts: readonly PartRead[]): void {
  const [first] = parts;
  if (first === undefined) return;
  const hash = createHash('sha256');
  for (const { at, sizeBytes } of parts) hash.update(bytes.subarray(at, at + sizeBytes));
  checkContent(first, { sizeBytes: sizeOf(parts), digest: `sha256:${hash.digest('hex')}` });
}

/** By way of one buffer: what a stream gives would lie around until it is collected. */
async function compareWhole(path: string, content: Content, { readInto, signal }: EncodeContext): Promise<void> {
  const hash = createHash('sha256');
  const { sizeBytes } = content;
  if ('bytes' in content) hash.update(content.bytes);
  else {
    const buffer = Buffer.allocUnsafe(Math.min(COMPARE_BYTES, sizeBytes));
    for (let at = 0; at < sizeBytes; at += buffer.byteLength) {
      signal.throwIfAborted();
      const bytes = buffer.subarray(0, sizeBytes - at);
      await readInto({ blob: content.blob, offset: content.offset + at, sizeBytes: bytes.byteLength }, bytes);
      hash.update(bytes);
    }
  }
  checkContent({ path, content }, { sizeBytes, digest: `sha256:${hash.digest('hex')}` });
}
