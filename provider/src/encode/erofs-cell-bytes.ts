import { createHash } from 'node:crypto';
import { type Digest, sha256 } from '../model/digest.js';
import type { Content } from '../model/tree.js';
import { checkContent } from './archive.js';
import type { Span } from './block-span.js';
import type { EncodeContext } from './context.js';
import type { CellPlan } from './erofs-cell-plan.js';
import { type Gaps, readRanges } from './read-ranges.js';

const COMPARE_BYTES = 1 << 18;

/** Where a cell is put together. */
export interface CellRoom {
  readonly bytes: Buffer;
  readonly gaps: Gaps;
}

/** Makes the bytes of cells, and compares what it reads with its digests. */
export class CellFiller {
  readonly #context: EncodeContext;
  readonly #trusting: boolean;
  /** Contents that lie in several cells, compared once as a whole. */
  readonly #compared = new Map<Digest, Promise<void>>();

  constructor(context: EncodeContext, options: { readonly trusting: boolean }) {
    this.#context = context;
    this.#trusting = options.trusting;
  }

  /**
   * Completes the bytes of a cell that was planned.
   * @throws {EncodeError} `corrupt` when a content is not what the tree says.
   */
  async fill({ bytes, gaps }: CellRoom, plan: CellPlan): Promise<void> {
    this.#context.signal.throwIfAborted();
    if (!this.#trusting) await Promise.all(plan.partly.map((part) => this.#compare(part)));
    await this.#read({ bytes, gaps }, plan);
    if (!this.#trusting) for (const whole of plan.wholly) compareParts(bytes, whole);
    for (const { from, at, sizeBytes } of plan.copies) bytes.copyWithin(at, from, from + sizeBytes);
  }

  async #read(room: CellRoom, { reads }: CellPlan): Promise<void> {
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

function compareParts(
  bytes: Buffer,
  { path, content, parts }: { readonly path: string; readonly content: Content; readonly parts: readonly Span[] },
): void {
  const [only] = parts;
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (only !== undefined && parts.length === 1) {
    const digest = sha256(bytes.subarray(only.offset, only.offset + only.sizeBytes));
    checkContent({ path, content }, { sizeBytes, digest });
    return;
  }
  const hash = createHash('sha256');
  for (const part of parts) hash.update(bytes.subarray(part.offset, part.offset + part.sizeBytes));
  checkContent({ path, content }, { sizeBytes, digest: `sha256:${hash.digest('hex')}` });
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
