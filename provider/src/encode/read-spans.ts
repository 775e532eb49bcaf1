import type { BlobRange } from '../model/layer.js';

/** A range of a blob, and the ranges that lie in it. */
export interface ReadSpan<Range extends BlobRange = BlobRange> extends BlobRange {
  readonly parts: readonly Range[];
}

/** In a tar, between two bodies lie padding, a header, and sometimes an extended header. */
const GAP_BYTES = 4096;
const SPAN_BYTES = 1 << 20;

/**
 * What to read to have these ranges, with few reads: neighbours in a blob are read together with what lies between
 * them. A span is at most 1 MiB long, unless a single range is longer. Empty ranges need no reading.
 */
export function spansOf<Range extends BlobRange>(ranges: readonly Range[]): ReadSpan<Range>[] {
  const sorted = ranges.filter(({ sizeBytes }) => sizeBytes > 0);
  sorted.sort((a, b) => (a.blob === b.blob ? a.offset - b.offset : a.blob < b.blob ? -1 : 1));
  const spans: { blob: BlobRange['blob']; offset: number; sizeBytes: number; parts: Range[] }[] = [];
  for (const range of sorted) {
    const last = spans.at(-1);
    const end = range.offset + range.sizeBytes;
    const near = last !== undefined && last.blob === range.blob && range.offset - lastEnd(last) <= GAP_BYTES;
    if (near && end - last.offset <= SPAN_BYTES) {
      last.sizeBytes = Math.max(last.sizeBytes, end - last.offset);
      last.parts.push(range);
    } else {
      const { blob, offset, sizeBytes } = range;
      spans.push({ blob, offset, sizeBytes, parts: [range] });
    }
  }
  return spans;
}

function lastEnd(span: BlobRange): number {
  return span.offset + span.sizeBytes;
}
