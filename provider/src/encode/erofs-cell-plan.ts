import { createHash } from 'node:crypto';
import { erofsChunkMap } from '../format/erofs/chunk-map.js';
import { erofsDirectory } from '../format/erofs/directory.js';
import { EROFS_BLOCK_BYTES, EROFS_SLOT_BYTES } from '../format/erofs/geometry.js';
import { EROFS_INODE_BYTES, type ErofsLayout as ErofsInodeLayout, putErofsInode } from '../format/erofs/inode.js';
import type { Content } from '../model/tree.js';
import type { Span } from './block-span.js';
import type { ErofsItem } from './erofs-bodies.js';
import { EROFS_CELL_BITS, EROFS_CELL_BLOCKS, EROFS_CELL_BYTES } from './erofs-cell.js';
import type { ErofsLayout, PlacedCell } from './erofs-layout.js';
import { type ErofsNode, sortedNames } from './erofs-nodes.js';
import { representable } from './representable.js';

/** What a cell consists of, beside what stands in it already; all places count from its first byte. */
export interface CellPlan {
  /** What was written: tables of inodes, directories, targets of symlinks. */
  readonly written: readonly Span[];
  /** Parts of files. */
  readonly reads: readonly PartRead[];
  /** What stands in two places: done when all is read. */
  readonly copies: readonly { readonly from: number; readonly at: number; readonly sizeBytes: number }[];
  /** Contents that lie in the cell from beginning to end. */
  readonly wholly: readonly { readonly path: string; readonly content: Content; readonly parts: readonly Span[] }[];
  /** Contents of which a part lies in the cell. */
  readonly partly: readonly { readonly path: string; readonly content: Content }[];
}

export interface PartRead {
  readonly content: Content;
  /** Where the part begins in the content. */
  readonly from: number;
  readonly sizeBytes: number;
  readonly at: number;
}

export interface ErofsRoot {
  readonly nodes: readonly ErofsNode[];
  readonly layout: ErofsLayout;
  readonly superblock: Buffer;
}

/**
 * The plan of a cell, whose inodes and names are written into its bytes; those are zeros before.
 * @throws {EncodeError} `unrepresentable` when a value fits no field.
 */
export function planCell(placed: PlacedCell, root: ErofsRoot, bytes: Buffer): CellPlan {
  const plan = { written: [], reads: [], copies: [], wholly: [], partly: [] } as Draft;
  if (placed.kind === 'whole') {
    planWhole(placed, { plan, root, bytes });
    return plan;
  }
  const { items, firstBlock, tableBlocks } = placed.cell;
  if (firstBlock > 0) bytes.set(root.superblock);
  plan.written.push({ offset: 0, sizeBytes: (firstBlock + tableBlocks) * EROFS_BLOCK_BYTES });
  const base = placed.place * EROFS_CELL_BYTES;
  for (const item of items) planItem(item, { plan, root, bytes, base });
  return plan;
}

/** What in a cell is ever read, by offset within the cell. */
export function usedSpans(placed: PlacedCell, { layout }: ErofsRoot): Span[] {
  if (placed.kind === 'whole') return [{ offset: 0, sizeBytes: placed.blocks * EROFS_BLOCK_BYTES }];
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
  const spans: Span[] = [];
  for (let first = used.indexOf(1); first >= 0; ) {
    const free = used.indexOf(0, first);
    const end = free < 0 ? used.length : free;
    spans.push({ offset: first * EROFS_BLOCK_BYTES, sizeBytes: (end - first) * EROFS_BLOCK_BYTES });
    first = used.indexOf(1, end);
  }
  return spans;
}

/** All that decides the bytes of a cell that was planned. */
export function cellKey({ written, reads, copies }: CellPlan, bytes: Buffer): string {
  const hash = createHash('sha256');
  let text = '';
  for (const { offset, sizeBytes } of written) {
    text += `written ${offset} ${sizeBytes}\n`;
    hash.update(bytes.subarray(offset, offset + sizeBytes));
  }
  for (const { content, from, sizeBytes, at } of reads) text += `read ${at} ${content.sha256} ${from} ${sizeBytes}\n`;
  for (const { from, at, sizeBytes } of copies) text += `copy ${from} ${at} ${sizeBytes}\n`;
  return hash.update(text).digest('hex');
}

type Draft = { -readonly [Name in keyof CellPlan]: CellPlan[Name][number][] };

interface Planning {
  readonly plan: Draft;
  readonly root: ErofsRoot;
  readonly bytes: Buffer;
  /** Offset of the cell in the image. */
  readonly base: number;
}

function planWhole(
  { node, chunk, blocks }: PlacedCell & { readonly kind: 'whole' },
  planning: Omit<Planning, 'base'>,
): void {
  const { plan } = planning;
  const { sizeBytes, tailBytes } = node.storage;
  const from = chunk * EROFS_CELL_BYTES;
  const part = { from, sizeBytes: Math.min(blocks * EROFS_BLOCK_BYTES, sizeBytes - tailBytes - from), at: 0 };
  putContent(node, part, planning);
  if (!isFile(node)) return;
  const { path, content } = node;
  if (part.sizeBytes < sizeBytes) plan.partly.push({ path, content });
  else plan.wholly.push({ path, content, parts: [{ offset: 0, sizeBytes }] });
}

function planItem(item: ErofsItem, planning: Planning): void {
  const { plan, root, bytes, base } = planning;
  const { layout, nodes } = root;
  const first = item.nodes[0] as ErofsNode;
  const body = nodes[layout.bodyOf[first.index] as number] as ErofsNode;
  const { sizeBytes, tailBytes, wholes } = body.storage;
  for (const node of item.nodes) putInode(bytes.subarray(inodeOffset(node, layout) - base), node, root);
  const parts: Span[] = [];
  if (item.blocks > 0) {
    const from = wholes.length * EROFS_CELL_BYTES;
    const at = (layout.sharedStart[first.index] as number) * EROFS_BLOCK_BYTES - base;
    const part = { from, sizeBytes: sizeBytes - tailBytes - from, at };
    putContent(body, part, planning);
    parts.push({ offset: at, sizeBytes: part.sizeBytes });
  }
  if (tailBytes > 0) {
    const [tail = 0, ...others] = item.nodes.map(
      (node) => inodeOffset(node, layout) - base + EROFS_INODE_BYTES + node.xattrs.byteLength,
    );
    putContent(body, { from: sizeBytes - tailBytes, sizeBytes: tailBytes, at: tail }, planning);
    parts.push({ offset: tail, sizeBytes: tailBytes });
    for (const at of others) plan.copies.push({ from: tail, at, sizeBytes: tailBytes });
  }
  if (!isFile(body)) return;
  const { path, content } = body;
  const isWhole = parts.reduce((sum, part) => sum + part.sizeBytes, 0) === sizeBytes;
  if (isWhole) plan.wholly.push({ path, content, parts });
  else if (parts.length > 0) plan.partly.push({ path, content });
}

/** What stands at the place of an inode, up to its tail. */
function putInode(target: Buffer, node: ErofsNode, { layout }: ErofsRoot): void {
  const { storage, xattrs, mode, uid, gid, mtimeSeconds, linkCount } = node;
  representable(node.path || '/', 'an EROFS', () => {
    const starts = storage.kind === 'chunks' ? startsOf(node, layout) : [];
    putErofsInode(target, {
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
    if (xattrs.byteLength > 0) target.set(xattrs, EROFS_INODE_BYTES);
    if (starts.length > 0) target.set(erofsChunkMap(starts), EROFS_INODE_BYTES + xattrs.byteLength);
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

function putContent(
  node: ErofsNode,
  { from, sizeBytes, at }: { readonly from: number; readonly sizeBytes: number; readonly at: number },
  { plan, root, bytes }: Omit<Planning, 'base'>,
): void {
  const { content } = node;
  if (content === undefined || sizeBytes === 0) return;
  if ('sha256' in content) {
    plan.reads.push({ content, from, sizeBytes, at });
    return;
  }
  const all = 'link' in content ? content.link : directoryBytes(node, root);
  bytes.set(all.subarray(from, from + sizeBytes), at);
  plan.written.push({ offset: at, sizeBytes });
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

function isFile(node: ErofsNode): node is ErofsNode & { readonly content: Content } {
  return node.content !== undefined && 'sha256' in node.content;
}

function inodeOffset({ index }: ErofsNode, { nids }: ErofsLayout): number {
  return (nids[index] as number) * EROFS_SLOT_BYTES;
}

function blockOf(offset: number): number {
  return Math.floor(offset / EROFS_BLOCK_BYTES);
}
