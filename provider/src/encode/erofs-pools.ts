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
  const componentBytes = new Sums();
  for (const item of items) componentBytes.add((item.nodes[0] as ErofsNode).component, item);
  const bundleBytes = new Sums();
  const wanting = items.map((item) => {
    const [node] = item.nodes as readonly [ErofsNode];
    const isSmall = componentBytes.of(node.component) < SMALL_COMPONENT_BYTES;
    const directory = directoryOf(node.path);
    const bundle = isSmall ? node.component : `${node.component}\0${directory}`;
    bundleBytes.add(bundle, item);
    return { item, node, isSmall, directory, bundle };
  });
  const pools = new Map<string, ErofsMember[]>([[DIRECTORY_POOL, []]]);
  for (const { item, node, isSmall, directory, bundle } of wanting) {
    const rank = node.hash;
    if (isDirectory(node)) {
      pools.get(DIRECTORY_POOL)?.push({ item, rank, wants: rank });
      continue;
    }
    const bundles = quantise(bundleBytes.of(bundle) / BUNDLE_BYTES, BUNDLE_BITS);
    const part = bundles <= 1 ? 0 : placeOfHash(isSmall ? hashOfText(directory) : rank, bundles);
    const wants = mixHash(hashOfText(bundle), part);
    const pool = isSmall ? 'small components' : `component ${node.component}`;
    const members = pools.get(pool);
    if (members === undefined) pools.set(pool, [{ item, rank, wants }]);
    else members.push({ item, rank, wants });
  }
  return [...pools].map(([name, members]) => ({ name, members }));
}

function isDirectory({ content }: ErofsNode): boolean {
  return content !== undefined && 'names' in content;
}

/** Bytes of items in shared cells, by a name that each gets. */
class Sums {
  readonly #bytes = new Map<string, number>();

  add(name: string, { blocks, slots }: ErofsItem): void {
    this.#bytes.set(name, this.of(name) + blocks * EROFS_BLOCK_BYTES + slots * EROFS_SLOT_BYTES);
  }

  of(name: string): number {
    return this.#bytes.get(name) ?? 0;
  }
}

function directoryOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
