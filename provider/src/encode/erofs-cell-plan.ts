import { createHash } from 'node:crypto';
import { erofsChunkMap } from '../format/erofs/chunk-map.js';
import { erofsDirectory } from '../format/erofs/directory.js';
import { EROFS_BLOCK_BYTES, EROFS_SLOT_BYTES } from '../format/erofs/geometry.js';
import { EROFS_INODE_BYTES, type ErofsLayout as ErofsInodeLayout, erofsInode } from '../format/erofs/inode.js';
import { hexOf } from '../model/digest.js';
import type { Content } from '../model/tree.js';
import type { Span } from './block-span.js';
import type { ErofsItem } from './erofs-bodies.js';
import { EROFS_CELL_BITS, EROFS_CELL_BYTES } from './erofs-cell.js';
import type { ErofsLayout, PlacedCell } from './erofs-layout.js';
import { type ErofsNode, sortedNames } from './erofs-nodes.js';
import { representable } from './representable.js';

/** What a cell consists of; all places count from its first byte. */
export interface CellPlan {
  /** Inodes, directories, targets of symlinks. */
  readonly known: readonly { readonly at: number; readonly bytes: Uint8Array }[];
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

/** The plan of a cell. @throws {EncodeError} `unrepresentable` when a value fits no field. */
export function planCell(placed: PlacedCell, root: ErofsRoot): CellPlan {
  const plan = { known: [], reads: [], copies: [], wholly: [], partly: [] } as Draft;
  if (placed.kind === 'whole') {
    planWhole(placed, { plan, root });
    return plan;
  }
  if (placed.cell.firstBlock > 0) plan.known.push({ at: 0, bytes: root.superblock });
  const base = placed.place * EROFS_CELL_BYTES;
  for (const item of placed.cell.items) planItem(item, { plan, root, base });
  return plan;
}

/** What in a cell is ever read, by offset within the cell. */
export function usedSpans(placed: PlacedCell, { layout }: ErofsRoot): Span[] {
  if (placed.kind === 'whole') return [{ offset: 0, sizeBytes: placed.blocks * EROFS_BLOCK_BYTES }];
  const { items, firstBlock, tableBlocks } = placed.cell;
  const used = new Set<number>(firstBlock > 0 ? [0] : []);
  const base = placed.place * EROFS_CELL_BYTES;
  for (const { nodes } of items) {
    for (const node of nodes) {
      const at = inodeOffset(node, layout) - base;
      const last = at + node.storage.slots * EROFS_SLOT_BYTES - 1;
      for (let block = blockOf(at); block <= blockOf(last); block += 1) used.add(block);
    }
  }
  const data = firstBlock + tableBlocks;
  const blocks = items.reduce((sum, item) => sum + item.blocks, 0);
  for (let block = data; block < data + blocks; block += 1) used.add(block);
  const spans: Span[] = [];
  for (const block of [...used].sort((a, b) => a - b)) {
    const offset = block * EROFS_BLOCK_BYTES;
    const last = spans.at(-1);
    if (last === undefined || last.offset + last.sizeBytes !== offset)
      spans.push({ offset, sizeBytes: EROFS_BLOCK_BYTES });
    else spans[spans.length - 1] = { ...last, sizeBytes: last.sizeBytes + EROFS_BLOCK_BYTES };
  }
  return spans;
}

/** All that decides the bytes of a cell. */
export function cellKey({ known, reads, copies }: CellPlan): string {
  const hash = createHash('sha256');
  for (const { at, bytes } of known) hash.update(`known ${at} ${bytes.byteLength}\n`).update(bytes);
  for (const { content, from, sizeBytes, at } of reads) {
    hash.update(`read ${at} ${hexOf(content.sha256)} ${from} ${sizeBytes}\n`);
  }
  for (const { from, at, sizeBytes } of copies) hash.update(`copy ${from} ${at} ${sizeBytes}\n`);
  return hash.digest('hex');
}

type Draft = { -readonly [Name in keyof CellPlan]: CellPlan[Name][number][] };

interface Planning {
  readonly plan: Draft;
  readonly root: ErofsRoot;
  /** Offset of the cell in the image. */
  readonly base: number;
}

function planWhole(
  { node, chunk, blocks }: PlacedCell & { readonly kind: 'whole' },
  { plan, root }: Omit<Planning, 'base'>,
): void {
  const { sizeBytes, tailBytes } = node.storage;
  const from = chunk * EROFS_CELL_BYTES;
  const part = { from, sizeBytes: Math.min(blocks * EROFS_BLOCK_BYTES, sizeBytes - tailBytes - from), at: 0 };
  putContent(node, part, { plan, root });
  if (!isFile(node)) return;
  const { path, content } = node;
  if (part.sizeBytes < sizeBytes) plan.partly.push({ path, content });
  else plan.wholly.push({ path, content, parts: [{ offset: 0, sizeBytes }] });
}

function planItem(item: ErofsItem, { plan, root, base }: Planning): void {
  const { layout, nodes } = root;
  const first = item.nodes[0] as ErofsNode;
  const body = nodes[layout.bodyOf[first.index] as number] as ErofsNode;
  const { sizeBytes, tailBytes, wholes } = body.storage;
  const tails = item.nodes.map((node) => {
    const at = inodeOffset(node, layout) - base;
    plan.known.push({ at, bytes: inodeBytes(node, root) });
    return at + EROFS_INODE_BYTES + node.xattrs.byteLength;
  });
  const parts: Span[] = [];
  if (item.blocks > 0) {
    const from = wholes.length * EROFS_CELL_BYTES;
    const at = (layout.sharedStart[first.index] as number) * EROFS_BLOCK_BYTES - base;
    const part = { from, sizeBytes: sizeBytes - tailBytes - from, at };
    putContent(body, part, { plan, root });
    parts.push({ offset: at, sizeBytes: part.sizeBytes });
  }
  const [tail = 0, ...others] = tails;
  if (tailBytes > 0) {
    putContent(body, { from: sizeBytes - tailBytes, sizeBytes: tailBytes, at: tail }, { plan, root });
    parts.push({ offset: tail, sizeBytes: tailBytes });
    for (const at of others) plan.copies.push({ from: tail, at, sizeBytes: tailBytes });
  }
  if (!isFile(body)) return;
  const { path, content } = body;
  const isWhole = parts.reduce((sum, part) => sum + part.sizeBytes, 0) === sizeBytes;
  if (isWhole) plan.wholly.push({ path, content, parts });
  else if (parts.length > 0) plan.partly.push({ path, content });
}

function inodeBytes(node: ErofsNode, { layout }: ErofsRoot): Buffer {
  const { storage, xattrs } = node;
  const { mode, uid, gid, mtimeSeconds, linkCount } = node;
  const starts = startsOf(node, layout);
  const inode = representable(node.path || '/', 'an EROFS', () =>
    erofsInode({
      mode,
      uid,
      gid,
      mtimeSeconds,
      linkCount,
      sizeBytes: storage.sizeBytes,
      layout: inodeLayout(node, starts),
      inodeNumber: (layout.nids[node.index] as number) % 2 ** 32,
      xattrBytes: xattrs.byteLength,
    }),
  );
  return Buffer.concat([inode, xattrs, ...(storage.kind === 'chunks' ? [erofsChunkMap(starts)] : [])]);
}

function inodeLayout({ storage, device }: ErofsNode, starts: readonly number[]): ErofsInodeLayout {
  if (device !== undefined) return { kind: 'device', ...device };
  if (storage.kind === 'chunks') return { kind: 'chunks', chunkBits: EROFS_CELL_BITS };
  return { kind: storage.kind === 'inline' ? 'inline' : 'plain', startBlock: starts[0] ?? 0 };
}

/** First blocks of what the node's content is stored in. */
function startsOf({ index, storage }: ErofsNode, { bodyOf, wholeStarts, sharedStart }: ErofsLayout): number[] {
  const body = bodyOf[index] as number;
  const wholes = wholeStarts.get(body) ?? [];
  return storage.blocks > 0 ? [...wholes, sharedStart[body] as number] : [...wholes];
}

function putContent(
  node: ErofsNode,
  { from, sizeBytes, at }: { readonly from: number; readonly sizeBytes: number; readonly at: number },
  { plan, root }: Omit<Planning, 'base'>,
): void {
  const { content } = node;
  if (content === undefined || sizeBytes === 0) return;
  if ('link' in content) plan.known.push({ at, bytes: content.link.subarray(from, from + sizeBytes) });
  else if ('names' in content)
    plan.known.push({ at, bytes: directoryBytes(node, root).subarray(from, from + sizeBytes) });
  else plan.reads.push({ content, from, sizeBytes, at });
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
