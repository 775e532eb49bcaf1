import type { BlobRange } from '../model/layer.js';
import type { EncodeContext } from './context.js';
import { spansOf } from './read-spans.js';

/** Room for spans, in which ranges lie with what is between them: kept from one reading to the next. */
export interface Gaps {
  spans?: Buffer;
}

/**
 * Reads ranges to their places in `bytes`; those that lie close to each other are read together. Also where it fails,
 * nothing is read into `bytes` any more when it ends.
 */
export async function readRanges(
  ranges: readonly (BlobRange & { readonly at: number })[],
  { bytes, gaps }: { readonly bytes: Uint8Array; readonly gaps: Gaps },
  { readInto }: Pick<EncodeContext, 'readInto'>,
): Promise<void> {
  const spans = spansOf(ranges);
  const room = spans.reduce((sum, { sizeBytes, parts }) => sum + (parts.length > 1 ? sizeBytes : 0), 0);
  const all = spansOfRoom(gaps, room);
  let used = 0;
  const read = await Promise.allSettled(
    spans.map(async ({ blob, offset, sizeBytes, parts }) => {
      const [first] = parts;
      if (parts.length === 1 && first !== undefined) {
        await readInto(first, bytes.subarray(first.at, first.at + sizeBytes));
        return;
      }
      const span = all.subarray(used, used + sizeBytes);
      used += sizeBytes;
      await readInto({ blob, offset, sizeBytes }, span);
      for (const part of parts) {
        const from = part.offset - offset;
        bytes.set(span.subarray(from, from + part.sizeBytes), part.at);
      }
    }),
  );
  for (const result of read) if (result.status === 'rejected') throw result.reason;
}

/** Larger by half a megabyte at a time: most readings need about as much as the one before, but seldom less. */
const GROWTH_BYTES = 1 << 19;

function spansOfRoom(gaps: Gaps, sizeBytes: number): Buffer {
  if (gaps.spans !== undefined && gaps.spans.length >= sizeBytes) return gaps.spans;
  gaps.spans = Buffer.allocUnsafeSlow(Math.ceil(sizeBytes / GROWTH_BYTES) * GROWTH_BYTES);
  return gaps.spans;
}
