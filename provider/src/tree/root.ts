import type { BlobRange, Content, EntryType, TreeEntry } from '../model/index.js';
import { sortByPath } from './byte-order.js';
import { TreeError } from './error.js';

/** Owner, permissions and time of something in a root. */
export interface Ownership {
  mode: number;
  uid: number;
  gid: number;
  mtimeSeconds: number;
  /** Id of the component it belongs to. */
  component: string;
}

/** A folder of a root that is being put together. The root is one itself. */
export interface Folder extends Ownership {
  readonly type: 'directory';
  readonly children: Map<string, Node>;
  xattrs: TreeEntry['xattrs'];
}

/** An inode that is not a folder. Two names with the same leaf are hard links of each other. */
export interface Leaf extends Ownership {
  readonly type: Exclude<EntryType, 'directory' | 'hardlink'>;
  readonly content: Content | undefined;
  readonly link: string | undefined;
  readonly device: TreeEntry['device'];
  readonly xattrs: TreeEntry['xattrs'];
  /** It was given a second name at some time. */
  hardLinked: boolean;
}

export type Node = Folder | Leaf;

export type Read = (range: BlobRange) => Promise<Uint8Array>;

/** As many links as Linux follows for one path (path_resolution(7)). */
const MAX_LINKS = 40;
/** PATH_MAX of Linux, with its final zero. */
export const MAX_PATH = 4096;

/** What the kernel makes of a folder that nobody described. */
export function plainFolder(component: string, mtimeSeconds: number): Ownership {
  return { mode: 0o755, uid: 0, gid: 0, mtimeSeconds, component };
}

export function newFolder(ownership: Ownership): Folder {
  const { mode, uid, gid, mtimeSeconds, component } = ownership;
  return { type: 'directory', mode, uid, gid, mtimeSeconds, component, xattrs: undefined, children: new Map() };
}

export function newFile(content: Content, ownership: Ownership): Leaf {
  return newLeaf('file', ownership, { content });
}

export function newSymlink(link: string, ownership: Ownership): Leaf {
  return newLeaf('symlink', { ...ownership, mode: 0o777 }, { link });
}

export function newLeaf(
  type: Leaf['type'],
  ownership: Ownership,
  rest: { content?: Content | undefined; link?: string | undefined; device?: Leaf['device']; xattrs?: Leaf['xattrs'] },
): Leaf {
  const { mode, uid, gid, mtimeSeconds, component } = ownership;
  const { content, link, device, xattrs } = rest;
  return { type, mode, uid, gid, mtimeSeconds, component, content, link, device, xattrs, hardLinked: false };
}

/** What `path` names, links followed inside `root`; undefined where there is nothing. */
export function find(root: Folder, path: string): Node | undefined {
  return walk(root, path, { followLast: true });
}

/** What `path` names, a link in last position not followed. */
export function findLink(root: Folder, path: string): Node | undefined {
  return walk(root, path, { followLast: false });
}

/**
 * The folder at `path`, links followed inside `root`. What is missing on the way is made, the targets of dangling
 * links too.
 * @throws {TreeError} `not-a-directory` where something else is in the way, `link-loop`.
 */
export function makeFolder(root: Folder, path: string, missing: Ownership): Folder {
  const node = walk(root, path, { followLast: true, missing });
  if (node?.type === 'directory') return node;
  throw notADirectory(path);
}

/** Gives `node` the name `path`; a node that is there is replaced, with all beneath it. Missing parents are made. */
export function put(root: Folder, path: string, node: Node, missing: Ownership): void {
  const { parent, name } = parentOf(root, path, missing);
  parent.children.set(name, node);
}

/** The folder that `path` lies in, made where it is missing, and the last segment. */
export function parentOf(root: Folder, path: string, missing: Ownership): { parent: Folder; name: string } {
  const slash = path.lastIndexOf('/');
  const parent = slash < 0 ? root : makeFolder(root, path.slice(0, slash), missing);
  return { parent, name: path.slice(slash + 1) };
}

/**
 * Lays one finished root over another: folders merge, with the owner and mode of the later one; anything else takes
 * the place of what is there. The parts of `over` are used, not copied.
 */
export function absorb(under: Folder, over: Folder): void {
  const pending: [Folder, Folder][] = [[under, over]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [into, from] = next;
    for (const [name, node] of from.children) {
      const there = into.children.get(name);
      if (there?.type !== 'directory' || node.type !== 'directory') {
        into.children.set(name, node);
        continue;
      }
      const { mode, uid, gid, mtimeSeconds, component, xattrs } = node;
      Object.assign(there, { mode, uid, gid, mtimeSeconds, component, xattrs });
      pending.push([there, node]);
    }
  }
}

/** Every path below `root` with its node, parents first, in no promised order. Links are not followed. */
export function* namesIn(root: Folder, prefix = ''): Generator<[path: string, node: Node]> {
  const folders: [prefix: string, folder: Folder][] = [[prefix === '' ? '' : `${prefix}/`, root]];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const [name, node] of next[1].children) {
      const path = next[0] + name;
      yield [path, node];
      if (node.type === 'directory') folders.push([`${path}/`, node]);
    }
  }
}

/** The entries of a finished root, sorted by the bytes of their paths. Of hard links, the first name has the content. */
export function entriesOf(root: Folder): TreeEntry[] {
  const named: { path: string; node: Node }[] = [];
  gather(root, '', named);
  sortByPath(named);
  const firstName = new Map<Leaf, string>();
  return named.map(({ path, node }) => {
    if (node.type === 'directory' || !node.hardLinked) return entryOf(path, node);
    const first = firstName.get(node);
    if (first === undefined) {
      firstName.set(node, path);
      return entryOf(path, node);
    }
    return hardLinkTo(first, entryOf(path, node));
  });
}

function gather(folder: Folder, prefix: string, into: { path: string; node: Node }[]): void {
  for (const [name, node] of folder.children) {
    const path = prefix + name;
    if (path.length >= MAX_PATH) {
      throw new TreeError(
        'bad-layer',
        `Cannot place ${path.slice(0, 60)}…: its path has ${MAX_PATH} characters or more`,
      );
    }
    into.push({ path, node });
    if (node.type === 'directory') gather(node, `${path}/`, into);
  }
}

function entryOf(path: string, node: Node): TreeEntry {
  const { type, mode, uid, gid, mtimeSeconds, component, xattrs } = node;
  const entry: { -readonly [K in keyof TreeEntry]: TreeEntry[K] } = {
    path,
    type,
    mode,
    uid,
    gid,
    mtimeSeconds,
    component,
  };
  if (xattrs !== undefined) entry.xattrs = xattrs;
  if (node.type !== 'directory') {
    if (node.content !== undefined) entry.content = node.content;
    if (node.link !== undefined) entry.link = node.link;
    if (node.device !== undefined) entry.device = node.device;
  }
  return entry;
}

function hardLinkTo(first: string, entry: TreeEntry): TreeEntry {
  const { content: _, ...attributes } = entry;
  return { ...attributes, type: 'hardlink', link: first };
}

interface WalkOptions {
  readonly followLast: boolean;
  /** How to make folders that are not there; without it, nothing is found. */
  readonly missing?: Ownership;
}

/** Path resolution as the kernel does it after chroot(2): `..` and absolute links stay inside `root`. */
function walk(root: Folder, path: string, options: WalkOptions): Node | undefined {
  const pending = path.split('/').reverse();
  const trail: Folder[] = [root];
  let linksFollowed = 0;
  while (pending.length > 0) {
    const name = pending.pop() as string;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const here = trail[trail.length - 1] as Folder;
    let next = here.children.get(name);
    if (next === undefined) {
      if (options.missing === undefined) return undefined;
      next = newFolder(options.missing);
      here.children.set(name, next);
    }
    if (next.type === 'symlink' && (pending.length > 0 || options.followLast)) {
      linksFollowed += 1;
      const target = next.link ?? '';
      if (linksFollowed > MAX_LINKS || target.length >= MAX_PATH) {
        throw new TreeError('link-loop', `Cannot resolve ${path}: it leads through more than ${MAX_LINKS} links`, {
          path,
        });
      }
      if (target.startsWith('/')) trail.length = 1;
      pending.push(...target.split('/').reverse());
    } else if (next.type === 'directory') {
      trail.push(next);
    } else if (pending.every((rest) => rest === '')) {
      return next;
    } else if (options.missing === undefined) {
      return undefined;
    } else {
      throw notADirectory(path);
    }
  }
  return trail[trail.length - 1];
}

function notADirectory(path: string): TreeError {
  return new TreeError('not-a-directory', `Cannot place ${path}: something on the way is not a folder`, { path });
}
