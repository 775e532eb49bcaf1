import { createHash } from 'node:crypto';
import { erofsSuperblock } from '../format/erofs/superblock.js';
import { guidOfName } from '../format/guid.js';
import { mapInOrder } from '../format/map-in-order.js';
import type { Tree } from '../model/tree.js';
import type { BlockImage, Extent, Piece, Region } from './block-image.js';
import { endOf, joinExtents, overlap, type Span } from './block-span.js';
import { checkTree } from './check-tree.js';
import type { BytesOptions, EncodeContext } from './context.js';
import { EROFS_CELL_BLOCKS, EROFS_CELL_BYTES } from './erofs-cell.js';
import { CellFiller, type CellRoom } from './erofs-cell-bytes.js';
import { cellKey, type ErofsRoot, planCell, usedSpans } from './erofs-cell-plan.js';
import { keptErofsLayout } from './erofs-kept-layout.js';
import type { PlacedCell } from './erofs-layout.js';
import { erofsNodes } from './erofs-nodes.js';

export interface ErofsRootOptions extends Pick<BytesOptions, 'trusting'> {
  /** Of the image: the identifier of the file system follows from it, and stays when the contents change. */
  readonly name: string;
  /** Of the file system, at most 16 bytes. Default: `root`. */
  readonly label?: string;
}

export interface ErofsRootImage extends BlockImage {
  /** The same, but contents are always compared with their digests: for what is kept under the key of a region. */
  readonly compared: BlockImage;
}

/** Raised when the same cells are to give other bytes. */
const REGION_VERSION = 2;
/** A region that is made anew because of one cell is 4 MiB; one for each cell would be thousands. */
const REGION_CELLS = 8;
/** One cell is read while another is compared with its digests and a third is taken. */
const IN_FLIGHT = 3;

/**
 * The tree as a read-only file system, EROFS without compression: what Linux 5.15 and later mounts. Its size is a
 * multiple of 512 KiB. When a part of the tree changes, the blocks of 512 KiB that have nothing to do with it stay as
 * they are, at their index: docs/formats.md says how. Only inodes and names are in memory; contents are read when
 * pieces are asked for, and compared with their digests then.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable` when a value fits no field; from `pieces`, `corrupt` before
 *   what is wrong is given.
 */
export async function encodeErofsRoot(
  tree: Tree,
  options: ErofsRootOptions,
  context: EncodeContext,
): Promise<ErofsRootImage> {
  checkTree(tree);
  const nodes = erofsNodes(tree);
  context.signal.throwIfAborted();
  const layout = await keptErofsLayout(nodes, context);
  const superblock = erofsSuperblock({
    rootNid: layout.nids[0] as number,
    inodeCount: nodes.length,
    blockCount: layout.cellCount * EROFS_CELL_BLOCKS,
    uuid: Buffer.from(guidOfName(`${options.name} EROFS root`).replaceAll('-', ''), 'hex'),
    label: Buffer.from(options.label ?? 'root'),
    hasChunks: nodes.some(({ storage }) => storage.kind === 'chunks'),
  });
  const root = { nodes, layout, superblock };
  const sizeBytes = layout.cellCount * EROFS_CELL_BYTES;
  const unused: CellRoom[] = [];
  const imageFilledBy = (filler: CellFiller): Pick<BlockImage, 'pieces'> => ({
    pieces: (span = { offset: 0, sizeBytes }) => piecesIn(unused, (rooms) => piecesOf(root, { span, filler, rooms })),
  });
  const all = { sizeBytes, extents: joinExtents(extentsOf(root)), regions: regionsOf(root) };
  const compared = { ...all, ...imageFilledBy(new CellFiller(context, { trusting: false })) };
  if (options.trusting !== true) return { ...compared, compared };
  return { ...all, ...imageFilledBy(new CellFiller(context, { trusting: true })), compared };
}

function* extentsOf(root: ErofsRoot): Generator<Extent> {
  let end = 0;
  for (const cell of root.layout.cells) {
    for (const span of usedSpans(cell, root)) {
      const offset = cell.place * EROFS_CELL_BYTES + span.offset;
      yield { offset: end, sizeBytes: offset - end, kind: 'unused' };
      yield { offset, sizeBytes: span.sizeBytes, kind: 'data' };
      end = offset + span.sizeBytes;
    }
  }
  yield { offset: end, sizeBytes: root.layout.cellCount * EROFS_CELL_BYTES - end, kind: 'unused' };
}

function regionsOf(root: ErofsRoot): Region[] {
  const { cells, cellCount } = root.layout;
  const regions: Region[] = [];
  const bytes = Buffer.alloc(EROFS_CELL_BYTES);
  let next = 0;
  for (let first = 0; first < cellCount; first += REGION_CELLS) {
    const count = Math.min(REGION_CELLS, cellCount - first);
    const hash = createHash('sha256');
    for (; (cells[next]?.place ?? cellCount) < first + count; next += 1) {
      const cell = cells[next] as PlacedCell;
      const plan = planCell(cell, root, bytes);
      hash.update(`${cell.place - first} ${cellKey(plan, bytes)}\n`);
      for (const { offset, sizeBytes } of plan.written) bytes.fill(0, offset, offset + sizeBytes);
    }
    const key = `erofs-root ${REGION_VERSION} ${count} ${hash.digest('hex')}`;
    regions.push({ key, offset: first * EROFS_CELL_BYTES, sizeBytes: count * EROFS_CELL_BYTES });
  }
  return regions;
}

/** Rooms are used again by whoever asks for pieces next: a hundred regions would leave them to be collected otherwise. */
async function* piecesIn(
  unused: CellRoom[],
  pieces: (rooms: readonly CellRoom[]) => AsyncIterable<Piece>,
): AsyncGenerator<Piece, void, undefined> {
  const rooms = Array.from(
    { length: IN_FLIGHT },
    () => unused.pop() ?? { bytes: Buffer.allocUnsafe(EROFS_CELL_BYTES), gaps: {} },
  );
  try {
    yield* pieces(rooms);
  } finally {
    unused.push(...rooms);
  }
}

async function* piecesOf(
  root: ErofsRoot,
  { span, filler, rooms }: { readonly span: Span; readonly filler: CellFiller; readonly rooms: readonly CellRoom[] },
): AsyncGenerator<Piece, void, undefined> {
  let next = 0;
  const filled = async (placed: PlacedCell): Promise<{ placed: PlacedCell; bytes: Buffer }> => {
    const room = rooms[next++ % IN_FLIGHT] as CellRoom;
    await filler.fill(room, planCell(placed, root, room.bytes.fill(0)));
    return { placed, bytes: room.bytes };
  };
  const wanted = cellsWithin(root.layout.cells, span);
  for await (const { placed, bytes } of mapInOrder(wanted, filled, { inFlight: IN_FLIGHT })) {
    const base = placed.place * EROFS_CELL_BYTES;
    for (const used of usedSpans(placed, root)) {
      const common = overlap({ ...used, offset: base + used.offset }, span);
      if (common === undefined) continue;
      const from = common.offset - base;
      yield { offset: common.offset, bytes: bytes.subarray(from, from + common.sizeBytes) };
    }
  }
}

function* cellsWithin(cells: readonly PlacedCell[], span: Span): Generator<PlacedCell> {
  const first = Math.floor(span.offset / EROFS_CELL_BYTES);
  const end = Math.ceil(endOf(span) / EROFS_CELL_BYTES);
  let [low, high] = [0, cells.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cells[middle] as PlacedCell).place < first) low = middle + 1;
    else high = middle;
  }
  for (; (cells[low]?.place ?? end) < end; low += 1) yield cells[low] as PlacedCell;
}
