import { EROFS_BLOCK_SLOTS } from '../format/erofs/geometry.js';
import type { ErofsItem } from './erofs-bodies.js';
import { EROFS_CELL_BLOCKS } from './erofs-cell.js';
import type { ErofsNode } from './erofs-nodes.js';
import { DIRECTORY_POOL, type ErofsMember, type ErofsPool } from './erofs-pools.js';
import { EncodeError } from './error.js';
import { firstFree, quantise } from './stable-place.js';

/** A cell that items share: its table of inodes, then their blocks. */
export interface SharedCell {
  /** Unique, and stable from build to build. */
  readonly name: string;
  /** In the order of the tree. */
  readonly items: readonly ErofsItem[];
  /** Blocks before the table: the superblock, in the first cell. */
  readonly firstBlock: number;
  readonly tableBlocks: number;
}

/** How full a pool's cells are meant to be, so that most changes find room where they are. */
const LOAD = 0.7;
const COUNT_BITS = 3;
/** Room in a table of inodes, so that a new one seldom moves others. */
const TABLE_ROOM = 1.125;
const TABLE_BITS = 2;

/**
 * The cells of a pool. Where an item lies is decided by what it wants, and by what of higher rank has filled the cells
 * that it wants; so a change of one moves few others.
 * @throws {EncodeError} `unrepresentable` for an inode that fills a cell: of a file of 16 GiB or more.
 */
export function packCells({ name, members }: ErofsPool): SharedCell[] {
  const reserved = name === DIRECTORY_POOL ? 1 : 0;
  const ranked = members.map((member) => ({ ...member, size: sizeClass(member.item) })).sort(byRank);
  const blocks = members.reduce((sum, { item }) => sum + item.blocks, 0);
  const slots = members.reduce((sum, { item }) => sum + item.slots, 0);
  const least = (reserved + blocks + (slots * TABLE_ROOM) / EROFS_BLOCK_SLOTS) / EROFS_CELL_BLOCKS;
  for (let count = quantise(least <= 1 ? 1 : least / LOAD, COUNT_BITS); ; count = quantise(count + 1, COUNT_BITS)) {
    const cells = distribute(ranked, { count, reserved });
    if (cells !== undefined) {
      return cells.map((items, index) => ({
        name: `${name}/${index}`,
        items: items.sort((a, b) => firstIndex(a) - firstIndex(b)),
        firstBlock: index === 0 ? reserved : 0,
        tableBlocks: tableBlocks(items.reduce((sum, item) => sum + item.slots, 0)),
      }));
    }
  }
}

/**
 * Slot of each inode in a table of so many blocks, in the order of the nodes. An inode lies at a multiple of its size,
 * which is a power of two: so it never crosses a block if it fits into one, and sorted by size all of them find room.
 */
export function placeInodes(nodes: readonly ErofsNode[], blocks: number): number[] {
  const taken = new Uint8Array(blocks * EROFS_BLOCK_SLOTS);
  const places = new Array<number>(nodes.length);
  const ranked = nodes.map((node, position) => ({ node, position }));
  ranked.sort(({ node: a }, { node: b }) => b.storage.slots - a.storage.slots || a.hash - b.hash || a.index - b.index);
  for (const { node, position } of ranked) {
    // What is taken has the same size or a larger one, so its first slot tells.
    const { slots } = node.storage;
    const place = firstFree(node.hash, Math.floor(taken.length / slots), (one) => taken[one * slots] === 0);
    if (place === undefined) throw new RangeError(`there is no room for the inode of ${node.path}`);
    taken.fill(1, place * slots, (place + 1) * slots);
    places[position] = place * slots;
  }
  return places;
}

/** Items of each cell; undefined if there is no room for one. */
function distribute(
  ranked: readonly ErofsMember[],
  { count, reserved }: { readonly count: number; readonly reserved: number },
): ErofsItem[][] | undefined {
  const cells = Array.from({ length: count }, (_, index) => ({
    items: [] as ErofsItem[],
    slots: 0,
    blocks: index === 0 ? reserved : 0,
  }));
  for (const { item, wants } of ranked) {
    checkSize(item);
    const hasRoom = (place: number): boolean => {
      const { slots, blocks } = cells[place] as (typeof cells)[number];
      return tableBlocks(slots + item.slots) + blocks + item.blocks <= EROFS_CELL_BLOCKS;
    };
    // The root's number has 16 bits, so it lies in the first cell.
    const isRoot = item.nodes[0]?.index === 0;
    const place = isRoot ? [0].find(hasRoom) : firstFree(wants, count, hasRoom);
    if (place === undefined) return undefined;
    const cell = cells[place] as (typeof cells)[number];
    cell.items.push(item);
    cell.slots += item.slots;
    cell.blocks += item.blocks;
  }
  return cells.map(({ items }) => items);
}

/** Blocks of a table for so many slots. */
function tableBlocks(slots: number): number {
  return quantise(Math.ceil((slots * TABLE_ROOM) / EROFS_BLOCK_SLOTS), TABLE_BITS);
}

function checkSize({ nodes, slots, blocks }: ErofsItem): void {
  if (tableBlocks(slots) + blocks < EROFS_CELL_BLOCKS) return;
  const path = nodes[0]?.path ?? '';
  throw new EncodeError(
    'unrepresentable',
    `Cannot put ${path} into an EROFS: its inode and the places of its chunks take ${slots * 32} bytes; wanted a file of less than 16 GiB`,
    { context: { path } },
  );
}

interface SizedMember extends ErofsMember {
  readonly size: number;
}

/** The root first; then by size, roughly, since what is large finds room less easily; then by name. */
function byRank(a: SizedMember, b: SizedMember): number {
  return (
    Number(firstIndex(b.item) === 0) - Number(firstIndex(a.item) === 0) ||
    b.size - a.size ||
    a.rank - b.rank ||
    firstIndex(a.item) - firstIndex(b.item)
  );
}

function sizeClass({ blocks, slots }: ErofsItem): number {
  return Math.floor(Math.log2(blocks + slots / EROFS_BLOCK_SLOTS + 1));
}

function firstIndex({ nodes }: ErofsItem): number {
  return nodes[0]?.index ?? 0;
}
