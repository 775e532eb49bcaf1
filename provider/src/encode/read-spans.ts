import type { BlobRange } from '../model/layer.js';
import type { Content } from '../model/tree.js';

type StoredContent = Extract<Content, BlobRange>;

/** A range of a blob, and the contents that lie in it. */
export interface ReadSpan extends BlobRange {
  readonly contents: readonly StoredContent[];
}

/** In a tar, between two bodies lie padding, a header, and sometimes an extended header. */
const GAP_BYTES = 4096;
const SPAN_BYTES = 1 << 20;

/**
 * What to read to have these contents, with few reads: neighbours in a blob are read together with what lies between
 * them. A span is at most 1 MiB long, unless a single content is longer. Contents that are empty or
 * not in the store need no reading.
 */
export function spansOf(contents: readonly Content[]): ReadSpan[] {
  const stored = contents.filter((content): content is StoredContent => 'blob' in content && content.sizeBytes > 0);
  stored.sort((a, b) => (a.blob === b.blob ? a.offset - b.offset : a.blob < b.blob ? -1 : 1));
  const spans: { blob: BlobRange['blob']; offset: number; sizeBytes: number; contents: StoredContent[] }[] = [];
  for (const content of stored) {
    const last = spans.at(-1);
    const end = content.offset + content.sizeBytes;
    const near = last !== undefined && last.blob === content.blob && content.offset - lastEnd(last) <= GAP_BYTES;
    if (near && end - last.offset <= SPAN_BYTES) {
      last.sizeBytes = Math.max(last.sizeBytes, end - last.offset);
      last.contents.push(content);
    } else {
      const { blob, offset, sizeBytes } = content;
      spans.push({ blob, offset, sizeBytes, contents: [content] });
    }
  }
  return spans;
}

function lastEnd(span: BlobRange): number {
  return span.offset + span.sizeBytes;
}
