import { type Qcow2Run, qcow2Layout } from '../format/qcow2.js';
import type { BlockImage, Extent, Piece } from './block-image.js';
import { endOf, firstBehind, joinExtents, type Span } from './block-span.js';
import { qcow2Tables } from './qcow2-tables.js';
import { sliceBlocks } from './slice-blocks.js';

/** A run, by its place in the file. */
type FileRun = Span & { readonly run: Qcow2Run };

/**
 * The qcow2 file of a disk, itself a block image: blockBytes() gives the file. What the disk does not say is data takes no
 * place in it, and reads as zeros.
 */
export function encodeQcow2Image(disk: BlockImage): BlockImage {
  const data = disk.extents.filter(({ kind }) => kind === 'data');
  const layout = qcow2Layout({ sizeBytes: disk.sizeBytes, data });
  const { fileBytes, tableBytes, runs } = layout;
  const tables = qcow2Tables(layout);
  const fileRuns = runs.map((run) => ({ offset: run.fileOffset, sizeBytes: run.sizeBytes, run }));
  return {
    sizeBytes: fileBytes,
    extents: joinExtents(extentsOf(disk, { fileRuns, tableBytes, fileBytes })),
    regions: fileRuns.flatMap(({ offset, run }) =>
      sliceBlocks(disk, run).regions.map((region) => ({ ...region, offset: offset + region.offset })),
    ),
    pieces: async function* (span = { offset: 0, sizeBytes: fileBytes }) {
      if (span.offset < tableBytes) yield* tables.pieces(span);
      yield* diskPieces(disk, fileRuns, span);
    },
  };
}

/** Clusters that are not data throughout are read whole, so the rest of them is zeros. */
function* extentsOf(
  disk: BlockImage,
  file: { readonly fileRuns: readonly FileRun[]; readonly tableBytes: number; readonly fileBytes: number },
): Generator<Extent> {
  let end = file.tableBytes;
  yield { offset: 0, sizeBytes: end, kind: 'data' };
  for (const { offset, run } of file.fileRuns) {
    yield { offset: end, sizeBytes: offset - end, kind: 'zero' };
    for (const extent of sliceBlocks(disk, run).extents) {
      yield {
        offset: offset + extent.offset,
        sizeBytes: extent.sizeBytes,
        kind: extent.kind === 'data' ? 'data' : 'zero',
      };
    }
    end = offset + run.sizeBytes;
  }
  yield { offset: end, sizeBytes: file.fileBytes - end, kind: 'zero' };
}

/** The disk is asked once, from the first run to the last: between runs it has no pieces. */
async function* diskPieces(
  disk: BlockImage,
  fileRuns: readonly FileRun[],
  span: Span,
): AsyncGenerator<Piece, void, undefined> {
  let index = firstBehind(fileRuns, span.offset);
  const first = fileRuns[index];
  const last = fileRuns.findLast(({ offset }) => offset < endOf(span));
  if (first === undefined || last === undefined || last.offset < first.offset) return;
  const from = first.run.offset + Math.max(span.offset - first.offset, 0);
  const to = last.run.offset + Math.min(endOf(span) - last.offset, last.sizeBytes);
  for await (const { offset, bytes } of disk.pieces({ offset: from, sizeBytes: to - from })) {
    let own = fileRuns[index] as FileRun;
    while (offset >= endOf(own.run)) own = fileRuns[++index] as FileRun;
    yield { offset: own.offset + offset - own.run.offset, bytes };
  }
}
