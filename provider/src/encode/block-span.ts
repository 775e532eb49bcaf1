import type { BlockImage, Extent } from './block-image.js';

/** A part of a block image. */
export interface Span {
  readonly offset: number;
  readonly sizeBytes: number;
}

export function endOf({ offset, sizeBytes }: Span): number {
  return offset + sizeBytes;
}

/** What two spans have in common; undefined if that is nothing. */
export function overlap(one: Span, other: Span): Span | undefined {
  const offset = Math.max(one.offset, other.offset);
  const sizeBytes = Math.min(endOf(one), endOf(other)) - offset;
  return sizeBytes > 0 ? { offset, sizeBytes } : undefined;
}

/** Index of the first of the spans, which lie by offset and apart, that ends behind the offset; their number if none. */
export function firstBehind(spans: readonly Span[], offset: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (endOf(spans[middle] as Span) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The whole of an image. */
export function wholeOf(image: BlockImage): Span {
  return { offset: 0, sizeBytes: image.sizeBytes };
}

/** The extents as a BlockImage has them: neighbours of one kind are one, and none is empty. */
export function joinExtents(extents: Iterable<Extent>): Extent[] {
  const joined: Extent[] = [];
  for (const extent of extents) {
    const last = joined.at(-1);
    if (extent.sizeBytes === 0) continue;
    if (last?.kind !== extent.kind) joined.push(extent);
    else joined[joined.length - 1] = { ...last, sizeBytes: last.sizeBytes + extent.sizeBytes };
  }
  return joined;
}

/** Whether there is data in a part of an image. */
export function hasData({ extents }: BlockImage, part: Span): boolean {
  for (let index = firstBehind(extents, part.offset); index < extents.length; index += 1) {
    const extent = extents[index] as Extent;
    if (overlap(extent, part) === undefined) return false;
    if (extent.kind === 'data') return true;
  }
  return false;
}
