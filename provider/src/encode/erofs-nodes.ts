import { EROFS_CHUNK_ENTRY_BYTES } from '../format/erofs/chunk-map.js';
import { erofsDirectoryBytes } from '../format/erofs/directory.js';
import { EROFS_BLOCK_BYTES, EROFS_SLOT_BYTES } from '../format/erofs/geometry.js';
import { EROFS_INODE_BYTES } from '../format/erofs/inode.js';
import { erofsXattrs } from '../format/erofs/xattrs.js';
import { MODE_TYPE } from '../format/mode.js';
import { encodePath } from '../format/path-text.js';
import type { Content, Tree } from '../model/tree.js';
import { EROFS_CELL_BLOCKS, EROFS_CELL_BYTES, EROFS_WHOLE_BLOCKS } from './erofs-cell.js';
import { type InodeEntry, resolveInodes } from './inodes.js';
import { representable } from './representable.js';
import { hashOfText } from './stable-place.js';

/** An inode of the root before it has a place. */
export interface ErofsNode {
  /** In the array of all nodes. */
  readonly index: number;
  /** Its first path; empty for the root. */
  readonly path: string;
  /** Of the path: what places follow from. */
  readonly hash: number;
  /** Id of the component; empty for a directory, since those belong to many. */
  readonly component: string;
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkCount: number;
  readonly xattrs: Buffer;
  readonly device: { readonly major: number; readonly minor: number } | undefined;
  /** Of what it has: a file's bytes, a symlink's target, a directory's names. */
  readonly content:
    | undefined
    | Content
    | { readonly link: Buffer }
    | { readonly names: readonly ErofsName[]; readonly parent: number };
  readonly storage: ErofsStorage;
}

/** A name in a directory, and the index of its node. */
export interface ErofsName {
  readonly name: string;
  readonly node: number;
}

/** How the content of a node is stored. */
export interface ErofsStorage {
  readonly kind: 'device' | 'plain' | 'inline' | 'chunks';
  readonly sizeBytes: number;
  /** Bytes that stand behind the inode: at the end of the content. */
  readonly tailBytes: number;
  /** Blocks that lie beside others: all of the content without the tail, or its last chunk. */
  readonly blocks: number;
  /** Blocks of each chunk that has a cell of its own, in order. */
  readonly wholes: readonly number[];
  /** Slots of 32 bytes that the inode takes with what stands behind it: a power of two, at multiples of itself. */
  readonly slots: number;
}

/** Without an entry of its own in the tree. */
const ROOT: InodeEntry = {
  ...{ path: '', mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 0, component: '', inode: '' },
  type: 'directory',
};
const WHERE = 'an EROFS';
/** What is behind an inode stays within half a block, so that two such inodes fill one. */
const INLINE_MAX_BYTES = EROFS_BLOCK_BYTES / 2;
/** A symlink of Linux ends there (PATH_MAX, with its NUL). */
const LINK_MAX_BYTES = 4095;

/**
 * The inodes of a tree, the root first, then in the order of the tree.
 * @throws {EncodeError} `bad-tree`, or `unrepresentable` when a value fits no field.
 */
export function erofsNodes(tree: Tree): ErofsNode[] {
  const entries = resolveInodes(tree.entries);
  const drafts: Draft[] = [draftOf(ROOT, 0)];
  const indexOf = new Map<string, number>([['', 0]]);
  const directories = new Map<string, number>([['', 0]]);
  for (const entry of entries) {
    const slash = entry.path.lastIndexOf('/');
    const parent = directories.get(entry.path.slice(0, Math.max(slash, 0))) as number;
    let index = indexOf.get(entry.inode);
    const first = index === undefined;
    if (index === undefined) {
      index = drafts.push(draftOf(entry, parent)) - 1;
      indexOf.set(entry.inode, index);
      if (entry.type === 'directory') directories.set(entry.path, index);
    }
    const folder = drafts[parent] as Draft;
    folder.names?.push({ name: entry.path.slice(slash + 1), node: index });
    if (entry.type === 'directory') folder.links += 1;
    else if (!first) (drafts[index] as Draft).links += 1;
  }
  return drafts.map((draft, index) => representable(draft.entry.path || '/', WHERE, () => nodeOf(draft, index)));
}

/** All names of a directory, `.` and `..` among them, in the order of their bytes. */
export function sortedNames(
  index: number,
  { names, parent }: { readonly names: readonly ErofsName[]; readonly parent: number },
): { readonly name: Buffer; readonly node: number }[] {
  const all = names.map(({ name, node }) => ({ name: encodePath(name), node }));
  all.push({ name: Buffer.from('.'), node: index }, { name: Buffer.from('..'), node: parent });
  return all.sort((a, b) => Buffer.compare(a.name, b.name));
}

/** An inode whose names are still being counted. */
interface Draft {
  readonly entry: InodeEntry;
  readonly parent: number;
  readonly names: ErofsName[] | undefined;
  links: number;
}

function draftOf(entry: InodeEntry, parent: number): Draft {
  const isDirectory = entry.type === 'directory';
  return { entry, parent, names: isDirectory ? [] : undefined, links: isDirectory ? 2 : 1 };
}

const NO_XATTRS = Buffer.alloc(0);

function nodeOf(draft: Draft, index: number): ErofsNode {
  const { path, component, type, mode, uid, gid, mtimeSeconds, device, xattrs: named } = draft.entry;
  const xattrs = named === undefined ? NO_XATTRS : xattrsOf(named);
  const content = contentOf(draft);
  return {
    index,
    path,
    hash: hashOfText(path),
    component: type === 'directory' ? '' : component,
    mode: MODE_TYPE[type] | mode,
    uid,
    gid,
    mtimeSeconds,
    linkCount: draft.links,
    xattrs,
    device: type === 'char' || type === 'block' ? device : undefined,
    content,
    storage: storageOf(sizeOf(index, content), { type, headBytes: EROFS_INODE_BYTES + xattrs.byteLength }),
  };
}

function xattrsOf(xattrs: Readonly<Record<string, string>>): Buffer {
  return erofsXattrs(
    Object.entries(xattrs).map(([name, value]) => ({ name: encodePath(name), value: Buffer.from(value, 'base64') })),
  );
}

function contentOf({ entry, names, parent }: Draft): ErofsNode['content'] {
  const { type, content, link } = entry;
  if (type === 'file') return content;
  if (type === 'directory' && names !== undefined) return { names, parent };
  if (type !== 'symlink') return undefined;
  const target = encodePath(link ?? '');
  if (target.byteLength > LINK_MAX_BYTES) {
    throw new RangeError(`its target has ${target.byteLength} bytes; wanted at most ${LINK_MAX_BYTES}`);
  }
  return { link: target };
}

function sizeOf(index: number, content: ErofsNode['content']): number {
  if (content === undefined) return 0;
  if ('link' in content) return content.link.byteLength;
  if (!('names' in content)) return content.sizeBytes;
  return erofsDirectoryBytes(sortedNames(index, content).map(({ name }) => name.byteLength));
}

function storageOf(
  sizeBytes: number,
  { type, headBytes }: { readonly type: InodeEntry['type']; readonly headBytes: number },
): ErofsStorage {
  const base = { sizeBytes, tailBytes: 0, blocks: 0, wholes: [] };
  if (type === 'char' || type === 'block') return { ...base, kind: 'device', slots: slotsOf(headBytes) };
  if (sizeBytes > EROFS_CELL_BYTES) {
    const chunks = Math.ceil(sizeBytes / EROFS_CELL_BYTES);
    const slots = slotsOf(headBytes + chunks * EROFS_CHUNK_ENTRY_BYTES);
    const last = Math.ceil((sizeBytes - (chunks - 1) * EROFS_CELL_BYTES) / EROFS_BLOCK_BYTES);
    const wholes = new Array<number>(chunks - 1).fill(EROFS_CELL_BLOCKS);
    return { ...base, kind: 'chunks', slots, ...splitLast(last, { wholes, slots }) };
  }
  const tailBytes = sizeBytes % EROFS_BLOCK_BYTES;
  const isInline = tailBytes > 0 && headBytes + tailBytes <= INLINE_MAX_BYTES;
  const slots = slotsOf(headBytes + (isInline ? tailBytes : 0));
  const last = Math.ceil((sizeBytes - (isInline ? tailBytes : 0)) / EROFS_BLOCK_BYTES);
  const split = splitLast(last, { wholes: [], slots });
  return isInline
    ? { ...base, kind: 'inline', tailBytes, slots, ...split }
    : { ...base, kind: 'plain', slots, ...split };
}

/** A last chunk of half a cell or more has a cell of its own: what lies beside others is small, and so easy to place. */
function splitLast(
  last: number,
  { wholes, slots }: { readonly wholes: readonly number[]; readonly slots: number },
): { readonly blocks: number; readonly wholes: readonly number[] } {
  const isCrowded = (slots * EROFS_SLOT_BYTES) / EROFS_BLOCK_BYTES > EROFS_WHOLE_BLOCKS / 4;
  if (last < EROFS_WHOLE_BLOCKS && !isCrowded) return { blocks: last, wholes };
  return { blocks: 0, wholes: last === 0 ? wholes : [...wholes, last] };
}

function slotsOf(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes / EROFS_SLOT_BYTES));
}
