import { mapInOrder } from '../format/map-in-order.js';
import { hexOf, sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import type { BlockImage, Extent, Piece, Region } from './block-image.js';
import { endOf, joinExtents, overlap, type Span } from './block-span.js';
import type { BytesOptions, EncodeContext } from './context.js';
import { EROFS_CELL_BYTES } from './erofs-cell.js';
import { CellFiller, type CellRoom } from './erofs-cell-bytes.js';
import { keptErofsPlan } from './erofs-kept-plan.js';
import { type CellPlan, type ErofsPlan, READ, USED } from './erofs-plan.js';

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
  const { name, label = 'root' } = options;
  const plan = await keptErofsPlan(tree, { name, label }, context);
  const sizeBytes = plan.cellCount * EROFS_CELL_BYTES;
  const unused: CellRoom[] = [];
  const imageFilled = (trusting: boolean): Pick<BlockImage, 'pieces'> => {
    const filler = new CellFiller(tree.entries, { trusting, context });
    return {
      pieces: (span = { offset: 0, sizeBytes }) => piecesIn(unused, (rooms) => piecesOf(plan, { span, filler, rooms })),
    };
  };
  const all = { sizeBytes, extents: joinExtents(extentsOf(plan)), regions: regionsOf(plan, tree) };
  const compared = { ...all, ...imageFilled(false) };
  if (options.trusting !== true) return { ...compared, compared };
  return { ...all, ...imageFilled(true), compared };
}

function* extentsOf({ cells, cellCount }: ErofsPlan): Generator<Extent> {
  let end = 0;
  for (const cell of cells) {
    for (const { offset, sizeBytes } of usedIn(cell)) {
      yield { offset: end, sizeBytes: offset - end, kind: 'unused' };
      yield { offset, sizeBytes, kind: 'data' };
      end = offset + sizeBytes;
    }
  }
  yield { offset: end, sizeBytes: cellCount * EROFS_CELL_BYTES - end, kind: 'unused' };
}

/** What of a cell is ever read, in the image. */
function* usedIn({ place, used }: CellPlan): Generator<Span> {
  for (let index = 0; index < used.length; index += USED) {
    yield { offset: place * EROFS_CELL_BYTES + (used[index] as number), sizeBytes: used[index + 1] as number };
  }
}

function regionsOf({ cells, cellCount }: ErofsPlan, { entries }: Tree): Region[] {
  const regions: Region[] = [];
  let next = 0;
  for (let first = 0; first < cellCount; first += REGION_CELLS) {
    const count = Math.min(REGION_CELLS, cellCount - first);
    let text = '';
    for (; (cells[next]?.place ?? cellCount) < first + count; next += 1) {
      const { place, key, reads } = cells[next] as CellPlan;
      text += `${place - first} ${key}\n`;
      for (let at = 0; at < reads.length; at += READ) text += `${entries[reads[at] as number]?.content?.sha256}\n`;
    }
    const key = `erofs-root ${REGION_VERSION} ${count} ${hexOf(sha256(text))}`;
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
  plan: ErofsPlan,
  { span, filler, rooms }: { readonly span: Span; readonly filler: CellFiller; readonly rooms: readonly CellRoom[] },
): AsyncGenerator<Piece, void, undefined> {
  let next = 0;
  const filled = async (cell: CellPlan): Promise<{ cell: CellPlan; bytes: Buffer }> => {
    const room = rooms[next++ % IN_FLIGHT] as CellRoom;
    await filler.fill(room, cell);
    return { cell, bytes: room.bytes };
  };
  const wanted = cellsWithin(plan.cells, span);
  for await (const { cell, bytes } of mapInOrder(wanted, filled, { inFlight: IN_FLIGHT })) {
    const base = cell.place * EROFS_CELL_BYTES;
    for (const used of usedIn(cell)) {
      const common = overlap(used, span);
      if (common === undefined) continue;
      const from = common.offset - base;
      yield { offset: common.offset, bytes: bytes.subarray(from, from + common.sizeBytes) };
    }
  }
}

function* cellsWithin(cells: readonly CellPlan[], span: Span): Generator<CellPlan> {
  const first = Math.floor(span.offset / EROFS_CELL_BYTES);
  const end = Math.ceil(endOf(span) / EROFS_CELL_BYTES);
  let [low, high] = [0, cells.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cells[middle] as CellPlan).place < first) low = middle + 1;
    else high = middle;
  }
  for (; (cells[low]?.place ?? end) < end; low += 1) yield cells[low] as CellPlan;
}
