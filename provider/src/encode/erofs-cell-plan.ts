import { createHash } from 'node:crypto';
import { erofsChunkMap } from '../format/erofs/chunk-map.js';
import { erofsDirectory } from '../format/erofs/directory.js';
import { EROFS_BLOCK_BYTES, EROFS_SLOT_BYTES } from '../format/erofs/geometry.js';
import { EROFS_INODE_BYTES, type ErofsLayout as ErofsInodeLayout, erofsInode } from '../format/erofs/inode.js';
import type { Digest } from '../model/digest.js';
import type { ErofsItem } from './erofs-bodies.js';
import { EROFS_CELL_BITS, EROFS_CELL_BLOCKS, EROFS_CELL_BYTES } from './erofs-cell.js';
import type { ErofsLayout, PlacedCell } from './erofs-layout.js';
import { type ErofsNode, sortedNames } from './erofs-nodes.js';
import { type CellPlan, READ } from './erofs-plan.js';
import { representable } from './representable.js';

/** Of which cells are planned. */
export interface ErofsRoot {
  readonly nodes: readonly ErofsNode[];
  readonly layout: ErofsLayout;
  readonly superblock: Buffer;
  /** For each node the entry of the tree that has its content, by index. */
  readonly entryOf: Int32Array;
}

/** The plan of a cell. @throws {EncodeError} `unrepresentable` when a value fits no field. */
export function planCell(placed: PlacedCell, root: ErofsRoot): CellPlan {
  const draft: Draft = { written: [], parts: [], reads: [], copies: [] };
  const base = placed.place * EROFS_CELL_BYTES;
  if (placed.kind === 'whole') planWhole(placed, { draft, root, base });
  else {
    const { items, firstBlock } = placed.cell;
    if (firstBlock > 0) put(draft, { at: 0, bytes: root.superblock });
    for (const item of items) planItem(item, { draft, root, base });
  }
  const { written, reads, copies } = draft;
  const plan = { used: usedSpans(placed, root), written, bytes: Buffer.concat(draft.parts), reads, copies };
  return { place: placed.place, key: keyOf(plan), ...plan };
}

function usedSpans(placed: PlacedCell, { layout }: ErofsRoot): number[] {
  if (placed.kind === 'whole') return [0, placed.blocks * EROFS_BLOCK_BYTES];
  const { items, firstBlock, tableBlocks } = placed.cell;
  const used = new Uint8Array(EROFS_CELL_BLOCKS);
  if (firstBlock > 0) used[0] = 1;
  const base = placed.place * EROFS_CELL_BYTES;
  for (const { nodes } of items) {
    for (const node of nodes) {
      const at = inodeOffset(node, layout) - base;
      used.fill(1, blockOf(at), blockOf(at + node.storage.slots * EROFS_SLOT_BYTES - 1) + 1);
    }
  }
  const data = firstBlock + tableBlocks;
  used.fill(1, data, data + items.reduce((sum, item) => sum + item.blocks, 0));
  const spans: number[] = [];
  for (let first = used.indexOf(1); first >= 0; ) {
    const free = used.indexOf(0, first);
    const end = free < 0 ? used.length : free;
    spans.push(first * EROFS_BLOCK_BYTES, (end - first) * EROFS_BLOCK_BYTES);
    first = used.indexOf(1, end);
  }
  return spans;
}

function keyOf({ used, written, bytes, reads, copies }: Omit<CellPlan, 'place' | 'key'>): Digest {
  const numbers: number[] = [used.length, written.length, reads.length, copies.length];
  for (const list of [used, written, copies]) for (const number of Array.from(list)) numbers.push(number);
  // An entry may come before this one, and change nothing here.
  for (let at = 0; at < reads.length; at += READ) {
    numbers.push(reads[at + 1] as number, reads[at + 2] as number, reads[at + 3] as number);
  }
  const hash = createHash('sha256')
    .update(`${numbers.join(' ')}\n`)
    .update(bytes);
  return `sha256:${hash.digest('hex')}`;
}

interface Draft {
  readonly written: number[];
  /** What is written, in the same order. */
  readonly parts: Buffer[];
  readonly reads: number[];
  readonly copies: number[];
}

interface Planning {
  readonly draft: Draft;
  readonly root: ErofsRoot;
  /** Offset of the cell in the image. */
  readonly base: number;
}

function put(draft: Draft, { at, bytes }: { readonly at: number; readonly bytes: Buffer }): void {
  draft.written.push(at, bytes.byteLength);
  draft.parts.push(bytes);
}

function planWhole({ node, chunk, blocks }: PlacedCell & { readonly kind: 'whole' }, planning: Planning): void {
  const { sizeBytes, tailBytes } = node.storage;
  const from = chunk * EROFS_CELL_BYTES;
  planContent(
    node,
    { from, sizeBytes: Math.min(blocks * EROFS_BLOCK_BYTES, sizeBytes - tailBytes - from), at: 0 },
    planning,
  );
}

function planItem(item: ErofsItem, planning: Planning): void {
  const { draft, root, base } = planning;
  const { layout, nodes } = root;
  const first = item.nodes[0] as ErofsNode;
  const body = nodes[layout.bodyOf[first.index] as number] as ErofsNode;
  const { sizeBytes, tailBytes, wholes } = body.storage;
  for (const node of item.nodes) {
    put(draft, { at: inodeOffset(node, layout) - base, bytes: inodeBytes(node, root) });
  }
  if (item.blocks > 0) {
    const from = wholes.length * EROFS_CELL_BYTES;
    const at = (layout.sharedStart[first.index] as number) * EROFS_BLOCK_BYTES - base;
    planContent(body, { from, sizeBytes: sizeBytes - tailBytes - from, at }, planning);
  }
  if (tailBytes > 0) {
    const [tail = 0, ...others] = item.nodes.map(
      (node) => inodeOffset(node, layout) - base + EROFS_INODE_BYTES + node.xattrs.byteLength,
    );
    planContent(body, { from: sizeBytes - tailBytes, sizeBytes: tailBytes, at: tail }, planning);
    for (const at of others) draft.copies.push(tail, at, tailBytes);
  }
  // Nothing of it lies anywhere, but it is compared with its digest as others are.
  if (sizeBytes === 0) planContent(body, { from: 0, sizeBytes: 0, at: 0 }, planning);
}

/** What stands at the place of an inode, up to its tail. */
function inodeBytes(node: ErofsNode, { layout }: ErofsRoot): Buffer {
  const { storage, xattrs, mode, uid, gid, mtimeSeconds, linkCount } = node;
  return representable(node.path || '/', 'an EROFS', () => {
    const inode = erofsInode({
      mode,
      uid,
      gid,
      mtimeSeconds,
      linkCount,
      sizeBytes: storage.sizeBytes,
      layout: inodeLayout(node, layout),
      inodeNumber: (layout.nids[node.index] as number) % 2 ** 32,
      xattrBytes: xattrs.byteLength,
    });
    if (storage.kind === 'chunks') return Buffer.concat([inode, xattrs, erofsChunkMap(startsOf(node, layout))]);
    return xattrs.byteLength === 0 ? inode : Buffer.concat([inode, xattrs]);
  });
}

function inodeLayout(node: ErofsNode, layout: ErofsLayout): ErofsInodeLayout {
  const { storage, device } = node;
  if (device !== undefined) return { kind: 'device', ...device };
  if (storage.kind === 'chunks') return { kind: 'chunks', chunkBits: EROFS_CELL_BITS };
  const startBlock = storage.blocks + storage.wholes.length > 0 ? (startsOf(node, layout)[0] ?? 0) : 0;
  return { kind: storage.kind === 'inline' ? 'inline' : 'plain', startBlock };
}

/** First blocks of what the node's content is stored in. */
function startsOf({ index, storage }: ErofsNode, { bodyOf, wholeStarts, sharedStart }: ErofsLayout): readonly number[] {
  const body = bodyOf[index] as number;
  const wholes = wholeStarts.get(body) ?? [];
  return storage.blocks > 0 ? [...wholes, sharedStart[body] as number] : wholes;
}

function planContent(
  node: ErofsNode,
  { from, sizeBytes, at }: { readonly from: number; readonly sizeBytes: number; readonly at: number },
  { draft, root }: Planning,
): void {
  const { content } = node;
  if (content === undefined) return;
  if ('sha256' in content) {
    draft.reads.push(root.entryOf[node.index] as number, from, sizeBytes, at);
    return;
  }
  if (sizeBytes === 0) return;
  const all = 'link' in content ? content.link : directoryBytes(node, root);
  put(draft, { at, bytes: all.subarray(from, from + sizeBytes) });
}

function directoryBytes({ index, content, path }: ErofsNode, { nodes, layout }: ErofsRoot): Buffer {
  if (content === undefined || !('names' in content)) return Buffer.alloc(0);
  const entries = sortedNames(index, content).map(({ name, node }) => ({
    name,
    nid: layout.nids[node] as number,
    mode: (nodes[node] as ErofsNode).mode,
  }));
  return representable(path || '/', 'an EROFS', () => erofsDirectory(entries));
}

function inodeOffset({ index }: ErofsNode, { nids }: ErofsLayout): number {
  return (nids[index] as number) * EROFS_SLOT_BYTES;
}

function blockOf(offset: number): number {
  return Math.floor(offset / EROFS_BLOCK_BYTES);
}
