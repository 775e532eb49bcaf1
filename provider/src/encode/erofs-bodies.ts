import type { Digest } from '../model/digest.js';
import type { ErofsNode } from './erofs-nodes.js';

/**
 * Blocks that hold the content of one inode, or of several with equal content, and the inodes that lie with them; or
 * an inode that needs no blocks.
 */
export interface ErofsItem {
  /** The first decides where the item lies. */
  readonly nodes: readonly ErofsNode[];
  /** Whether the first node's content, without its tail, is stored for this item. */
  readonly hasBody: boolean;
  /** Blocks that lie beside others. */
  readonly blocks: number;
  /** Blocks of each chunk that has a cell of its own. */
  readonly wholes: readonly number[];
  /** Of all of its inodes. */
  readonly slots: number;
}

/** More inodes of the same content lie elsewhere, so that an item fits anywhere. */
const NODES_MAX = 64;

export interface ErofsItems {
  /** By the first node of each. */
  readonly items: readonly ErofsItem[];
  /** For each node the one whose blocks it uses, by index. */
  readonly bodyOf: Int32Array;
}

/**
 * The nodes as items. Equal contents are stored once, with the first of their nodes: whichever component changes, the
 * others stay as they are.
 */
export function erofsItems(nodes: readonly ErofsNode[]): ErofsItems {
  const groups = new Map<Digest, ErofsNode[][]>();
  const lone: ErofsNode[][] = [];
  for (const node of nodes) {
    const digest = digestOfBody(node);
    const equal = digest === undefined ? undefined : groups.get(digest);
    const group = equal?.find(([first]) => isStoredAlike(first as ErofsNode, node));
    if (group !== undefined) {
      group.push(node);
      continue;
    }
    const own = [node];
    lone.push(own);
    if (equal !== undefined) equal.push(own);
    else if (digest !== undefined) groups.set(digest, [own]);
  }
  const bodyOf = new Int32Array(nodes.length);
  const items = lone.flatMap((group) => {
    const [first] = group as [ErofsNode];
    for (const { index } of group) bodyOf[index] = first.index;
    const [own, rest] = [group.slice(0, NODES_MAX), group.slice(NODES_MAX)];
    return [itemOf(own, true), ...rest.map((node) => itemOf([node], false))];
  });
  return { items, bodyOf };
}

/** Of a content that is stored in blocks. */
function digestOfBody({ content, storage }: ErofsNode): Digest | undefined {
  if (content === undefined || !('sha256' in content)) return undefined;
  return storage.blocks === 0 && storage.wholes.length === 0 ? undefined : content.sha256;
}

/** With large attributes, the tail of an equal content may lie elsewhere. */
function isStoredAlike({ storage: one }: ErofsNode, { storage: other }: ErofsNode): boolean {
  return one.kind === other.kind && one.blocks === other.blocks;
}

function itemOf(nodes: readonly ErofsNode[], hasBody: boolean): ErofsItem {
  const { blocks, wholes } = (nodes[0] as ErofsNode).storage;
  const slots = nodes.reduce((sum, { storage }) => sum + storage.slots, 0);
  return hasBody ? { nodes, hasBody, blocks, wholes, slots } : { nodes, hasBody, blocks: 0, wholes: [], slots };
}
