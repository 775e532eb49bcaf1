import { EROFS_BLOCK_SLOTS } from '../format/erofs/geometry.js';
import type { ErofsItem, ErofsItems } from './erofs-bodies.js';
import { EROFS_CELL_BLOCKS } from './erofs-cell.js';
import type { ErofsNode } from './erofs-nodes.js';
import { packCells, placeInodes, type SharedCell } from './erofs-packing.js';
import { erofsPools } from './erofs-pools.js';
import { firstFree, hashOfText, mixHash, quantise } from './stable-place.js';

/** A cell at its place. Its first block is `place` times 128. */
export type PlacedCell = { readonly place: number } & (
  | { readonly kind: 'shared'; readonly cell: Omit<SharedCell, 'name'> }
  /** A chunk of one content: so many blocks, from that chunk on. */
  | { readonly kind: 'whole'; readonly node: ErofsNode; readonly chunk: number; readonly blocks: number }
);

export interface ErofsLayout {
  /** By place; there are gaps. */
  readonly cells: readonly PlacedCell[];
  /** Cells and gaps. */
  readonly cellCount: number;
  /** Number of each node's inode, by index. */
  readonly nids: Float64Array;
  /** First block of the part that lies beside others, by index of the node whose blocks they are. */
  readonly sharedStart: Float64Array;
  /** First blocks of the chunks that have cells of their own, by index of the node whose blocks they are. */
  readonly wholeStarts: ReadonlyMap<number, readonly number[]>;
  /** The node whose blocks each node uses, by index. */
  readonly bodyOf: Int32Array;
}

/** Part of the places that stay free, so that a cell that comes or goes moves few others. */
const FREE = 1 / 8;
const COUNT_BITS = 3;

/**
 * Where everything lies. All that shares cells is placed within its pool first, then cells are placed in the image, each
 * by its name: nothing is moved because something before it has grown.
 * @throws {EncodeError} `unrepresentable`.
 */
export function erofsLayout(nodes: readonly ErofsNode[], { items, bodyOf }: ErofsItems): ErofsLayout {
  const shared = erofsPools(items).flatMap(packCells);
  const wholes = items.flatMap(wholesOf);
  const count = shared.length + wholes.length;
  const cellCount = quantise(Math.ceil(count * (1 + FREE)), COUNT_BITS);
  const places = new Places(cellCount);
  const cells: PlacedCell[] = [];
  // The first one holds the superblock and the root. What others point to from many places comes before what one
  // inode points to, so that it moves less.
  shared.forEach((cell, index) => {
    const place = index === 0 ? places.takeFirst() : places.take(hashOfText(cell.name));
    cells.push({ kind: 'shared', place, cell });
  });
  const wholeStarts = new Map<number, number[]>();
  for (const { node, chunk, blocks, hash } of wholes) {
    const place = places.take(hash);
    cells.push({ kind: 'whole', place, node, chunk, blocks });
    const starts = wholeStarts.get(node.index) ?? [];
    starts.push(place * EROFS_CELL_BLOCKS);
    wholeStarts.set(node.index, starts);
  }
  cells.sort((a, b) => a.place - b.place);
  const nids = new Float64Array(nodes.length);
  const sharedStart = new Float64Array(nodes.length);
  for (const placed of cells) {
    if (placed.kind !== 'shared') continue;
    const { items: own, firstBlock, tableBlocks } = placed.cell;
    const table = placed.place * EROFS_CELL_BLOCKS + firstBlock;
    const inodes = own.flatMap((item) => item.nodes);
    placeInodes(inodes, tableBlocks).forEach((slot, index) => {
      nids[(inodes[index] as ErofsNode).index] = table * EROFS_BLOCK_SLOTS + slot;
    });
    let block = table + tableBlocks;
    for (const { nodes: users, blocks } of own) {
      sharedStart[(users[0] as ErofsNode).index] = block;
      block += blocks;
    }
  }
  return { cells, cellCount, nids, sharedStart, wholeStarts, bodyOf };
}

interface Whole {
  readonly node: ErofsNode;
  readonly chunk: number;
  readonly blocks: number;
  readonly hash: number;
}

function wholesOf({ nodes, wholes }: ErofsItem): Whole[] {
  if (wholes.length === 0) return [];
  const node = nodes[0] as ErofsNode;
  const hash = hashOfText(`content of ${node.path}`);
  return wholes.map((blocks, chunk) => ({ node, chunk, blocks, hash: mixHash(hash, chunk) }));
}

class Places {
  readonly #taken: Uint8Array;

  constructor(count: number) {
    this.#taken = new Uint8Array(count);
  }

  takeFirst(): number {
    this.#taken[0] = 1;
    return 0;
  }

  /** The free place that is wanted most by what has this hash. */
  take(hash: number): number {
    const place = firstFree(hash, this.#taken.length, (one) => this.#taken[one] === 0);
    if (place === undefined) throw new RangeError('there is no free place');
    this.#taken[place] = 1;
    return place;
  }
}
