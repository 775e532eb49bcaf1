import { EROFS_BLOCK_BYTES, EROFS_SLOT_BYTES } from '../format/erofs/geometry.js';
import type { ErofsItem } from './erofs-bodies.js';
import type { ErofsNode } from './erofs-nodes.js';
import { hashOfText, mixHash, placeOfHash, quantise } from './stable-place.js';

/** Items that share cells with each other and with nobody else. */
export interface ErofsPool {
  readonly name: string;
  readonly members: readonly ErofsMember[];
}

export interface ErofsMember {
  readonly item: ErofsItem;
  /** Items with the same one want to lie together. */
  readonly wants: number;
  /** Decides between items that want the same place. */
  readonly rank: number;
}

export const DIRECTORY_POOL = 'directories';
/** A component with less shares cells with other small ones, since a cell is the least that it can have. */
const SMALL_COMPONENT_BYTES = 1 << 20;
/** Files of one directory are read together, so they lie together; a quarter of a cell is easy to place. */
const BUNDLE_BYTES = 128 * 1024;
const BUNDLE_BITS = 1;

/**
 * The items, put into pools: all directories; each large component; the small components together. Within a pool,
 * items want to lie with those of the same directory, and those of a small component with each other.
 */
export function erofsPools(items: readonly ErofsItem[]): ErofsPool[] {
  const componentBytes = sums(items, ({ component }) => component);
  const isSmall = (node: ErofsNode): boolean => (componentBytes.get(node.component) ?? 0) < SMALL_COMPONENT_BYTES;
  const bundleName = (node: ErofsNode): string =>
    isSmall(node) ? node.component : `${node.component}\0${directoryOf(node.path)}`;
  const bundleBytes = sums(items, bundleName);
  const pools = new Map<string, ErofsMember[]>([[DIRECTORY_POOL, []]]);
  for (const item of items) {
    const [node] = item.nodes as readonly [ErofsNode];
    const rank = hashOfText(node.path);
    if (isDirectory(node)) {
      pools.get(DIRECTORY_POOL)?.push({ item, rank, wants: rank });
      continue;
    }
    const name = bundleName(node);
    const bundles = quantise((bundleBytes.get(name) ?? 0) / BUNDLE_BYTES, BUNDLE_BITS);
    const part = placeOfHash(isSmall(node) ? hashOfText(directoryOf(node.path)) : rank, bundles);
    const wants = mixHash(hashOfText(name), part);
    const pool = isSmall(node) ? 'small components' : `component ${node.component}`;
    const members = pools.get(pool);
    if (members === undefined) pools.set(pool, [{ item, rank, wants }]);
    else members.push({ item, rank, wants });
  }
  return [...pools].map(([name, members]) => ({ name, members }));
}

function isDirectory({ content }: ErofsNode): boolean {
  return content !== undefined && 'names' in content;
}

/** Bytes of the items in shared cells, by a name that each gets. */
function sums(items: readonly ErofsItem[], nameOf: (node: ErofsNode) => string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { nodes, blocks, slots } of items) {
    const name = nameOf(nodes[0] as ErofsNode);
    bytes.set(name, (bytes.get(name) ?? 0) + blocks * EROFS_BLOCK_BYTES + slots * EROFS_SLOT_BYTES);
  }
  return bytes;
}

function directoryOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
