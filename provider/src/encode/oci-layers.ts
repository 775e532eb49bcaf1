import { createHash } from 'node:crypto';
import { hexOf } from '../model/digest.js';
import type { Component, Tree } from '../model/tree.js';
import { type ArchiveEntry, entryBytes } from './archive-chunks.js';
import { checkTree } from './check-tree.js';
import { EncodeError } from './error.js';
import { type InodeEntry, namesOf, resolveInodes } from './inodes.js';
import { archiveEntries, checkTarEntries } from './tar.js';

/** A layer of an image, uncompressed: a tar. */
export interface OciLayer {
  /** Ids of the components that it holds, in their order. */
  readonly components: readonly string[];
  /** The archive, with its end. Can be taken again. */
  readonly entries: () => Iterable<ArchiveEntry>;
  readonly sizeBytes: number;
  /** All that decides its bytes. */
  readonly key: string;
}

/** A layer costs whoever fetches it a request; one that is smaller than this is hardly worth it. */
const SMALL_BYTES = 4 << 20;
/** Docker mounts 127 at the most, and a base for other images should leave room. */
const MAX_LAYERS = 100;
/** OCI image spec 1.1, layer.md, "Whiteouts": names that mean something else in a layer. */
const WHITEOUT = /(?:^|\/)\.wh\.[^/]*$/;

/**
 * The tree cut into layers: each component by itself, small neighbours of a kind together, so that a change sends few
 * bytes. Every layer has the folders that its entries lie in, and all names of a file are in one layer (that of the
 * first component which has one), since many tools cannot link to a file in a layer beneath.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable`.
 */
export function ociLayers(tree: Tree): OciLayer[] {
  checkTree(tree);
  const entries = resolveInodes(tree.entries);
  const names = namesOf(entries);
  checkTarEntries(entries);
  for (const { path } of entries) checkName(path);
  const parts = partsOf(entries, tree.components);
  const folders = new Map(entries.flatMap((entry, at) => (entry.type === 'directory' ? [[entry.path, at]] : [])));
  return grouped(parts).map((group) => {
    const own = group.flatMap(({ indices }) => indices);
    const all = withFolders(own, { entries, folders }).map((at) => entries[at] as InodeEntry);
    return layerOf(
      group.map(({ component }) => component.id),
      () => archiveEntries(all, names),
    );
  });
}

function checkName(path: string): void {
  if (!WHITEOUT.test(path)) return;
  throw new EncodeError(
    'unrepresentable',
    `Cannot put ${path} into a layer of an image: a name that begins with .wh. means there that something is removed; ` +
      'give the file another name',
    { context: { path } },
  );
}

/** What a component gives to an image. */
interface Part {
  readonly component: Component;
  /** Of its entries, ascending. */
  readonly indices: readonly number[];
  readonly sizeBytes: number;
}

function partsOf(entries: readonly InodeEntry[], components: readonly Component[]): Part[] {
  const ranks = new Map(components.map(({ id }, rank) => [id, rank]));
  const rankOf = ({ component }: InodeEntry) => ranks.get(component) ?? 0;
  const first = new Map<string, number>();
  for (const entry of entries) {
    first.set(entry.inode, Math.min(rankOf(entry), first.get(entry.inode) ?? Number.POSITIVE_INFINITY));
  }
  const parts = components.map((component) => ({ component, indices: [] as number[], sizeBytes: 0 }));
  for (const [index, { inode, content }] of entries.entries()) {
    const part = parts[first.get(inode) ?? 0] as (typeof parts)[number];
    part.indices.push(index);
    part.sizeBytes += content?.sizeBytes ?? 0;
  }
  return parts.filter(({ indices }) => indices.length > 0);
}

/** Small neighbours together, unless they are of different kinds: those change at different times. */
function grouped(parts: readonly Part[]): Part[][] {
  for (let limit = SMALL_BYTES; ; limit *= 2) {
    const groups: Part[][] = [];
    let openBytes = 0;
    for (const part of parts) {
      const last = groups.at(-1);
      const isNear = last?.[0]?.component.kind === part.component.kind && openBytes + part.sizeBytes <= limit;
      if (last !== undefined && isNear) {
        last.push(part);
        openBytes += part.sizeBytes;
      } else {
        groups.push([part]);
        openBytes = part.sizeBytes;
      }
    }
    if (groups.length <= MAX_LAYERS) return groups;
  }
}

/** The entries with all folders above them, in the order of the tree, so that parents come before children. */
function withFolders(
  indices: readonly number[],
  { entries, folders }: { readonly entries: readonly InodeEntry[]; readonly folders: ReadonlyMap<string, number> },
): number[] {
  const all = new Set(indices);
  for (const index of indices) {
    let { path } = entries[index] as InodeEntry;
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/')) {
      path = path.slice(0, slash);
      const folder = folders.get(path);
      if (folder === undefined || all.has(folder)) break;
      all.add(folder);
    }
  }
  return [...all].sort((a, b) => a - b);
}

function layerOf(components: readonly string[], entries: OciLayer['entries']): OciLayer {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for (const entry of entries()) {
    hash.update(entry.header);
    if (entry.content !== undefined) hash.update(hexOf(entry.content.sha256));
    sizeBytes += entryBytes(entry);
  }
  return { components, entries, sizeBytes, key: hash.digest('hex') };
}
