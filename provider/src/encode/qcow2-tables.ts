import type { Qcow2Layout } from '../format/qcow2.js';
import type { BlockImage, Piece } from './block-image.js';
import { overlap, type Span } from './block-span.js';

/** What a qcow2 file begins with. Tables of a large disk are made one after the other, and not kept. */
export function qcow2Tables({ tableBytes, tables }: Pick<Qcow2Layout, 'tableBytes' | 'tables'>): BlockImage {
  const whole = { offset: 0, sizeBytes: tableBytes };
  return {
    sizeBytes: tableBytes,
    extents: [{ ...whole, kind: 'data' }],
    regions: [],
    pieces: (span = whole) => piecesOf(tables(), span),
  };
}

async function* piecesOf(tables: Iterable<Buffer>, span: Span): AsyncGenerator<Piece, void, undefined> {
  let offset = 0;
  for (const bytes of tables) {
    const common = overlap({ offset, sizeBytes: bytes.byteLength }, span);
    if (common !== undefined) {
      const from = common.offset - offset;
      yield { offset: common.offset, bytes: bytes.subarray(from, from + common.sizeBytes) };
    }
    offset += bytes.byteLength;
  }
}
