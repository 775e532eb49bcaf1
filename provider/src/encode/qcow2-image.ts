import { qcow2Layout } from '../format/qcow2.js';
import type { BlockImage, Piece } from './block-image.js';
import { overlap } from './block-span.js';
import { composeBlocks } from './compose-blocks.js';
import { sliceBlocks } from './slice-blocks.js';

/**
 * The qcow2 file of a disk, itself a block image: blockBytes() gives the file. What the disk does not say is data takes no
 * place in it, and reads as zeros.
 */
export function encodeQcow2Image(disk: BlockImage): BlockImage {
  const data = disk.extents.filter(({ kind }) => kind === 'data');
  const { fileBytes, runs, tables } = qcow2Layout({ sizeBytes: disk.sizeBytes, data });
  const tableBytes = runs[0]?.fileOffset ?? fileBytes;
  const parts = [
    { offset: 0, image: tablesImage(tableBytes, tables) },
    ...runs.map((run) => ({ offset: run.fileOffset, image: sliceBlocks(disk, run) })),
  ];
  // Clusters that are not data throughout are read whole.
  return composeBlocks(parts, { sizeBytes: fileBytes, between: 'zero' });
}

/** Tables of a large disk are made one after the other, and not kept. */
function tablesImage(sizeBytes: number, tables: () => Iterable<Buffer>): BlockImage {
  return {
    sizeBytes,
    extents: [{ offset: 0, sizeBytes, kind: 'data' }],
    regions: [],
    pieces: (span = { offset: 0, sizeBytes }) => piecesOf(tables(), span),
  };
}

async function* piecesOf(
  tables: Iterable<Buffer>,
  span: { readonly offset: number; readonly sizeBytes: number },
): AsyncGenerator<Piece, void, undefined> {
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
