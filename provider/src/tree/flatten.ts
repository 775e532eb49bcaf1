import type { Layer, LayerEntry } from '../model/index.js';
import { TreeError } from './error.js';
import {
  type Folder,
  find,
  findLink,
  type Leaf,
  MAX_PATH,
  makeFolder,
  newFolder,
  newLeaf,
  type Ownership,
} from './root.js';

/**
 * Whose rules a layer follows.
 * - `image`: layers of OCI images. Whiteouts hide what lower layers have; a folder takes the place of a link; what
 *   container engines leave behind is left out.
 * - `package`: unpacked as dpkg does. No whiteouts; neither a folder nor a link takes the place of the other, so that
 *   a package that ships `lib/…` lands in `usr/lib` where `lib` is a link; a folder that several packages ship
 *   belongs to none of them.
 */
export type LayerKind = 'image' | 'package';

export interface LayOptions {
  readonly kind: LayerKind;
  /** Of all that the layer brings. */
  readonly component: string;
  /** For folders that no entry describes, and (in packages) that several do. */
  readonly shared: Ownership;
}

/** Prefix of whiteouts, and the marker of an opaque folder (OCI image spec 1.1, layer.md, "Whiteouts"). */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const RESERVED = '.wh..wh.';
/** What container engines leave in images, and LinuxKit leaves out of a root. */
const DROPPED = new Set(['.dockerenv', 'Dockerfile', 'dev/console', 'dev/pts', 'dev/shm', 'etc/hostname']);

/** An empty, `.` or `..` segment, or a zero byte: no reader lets them through, and nothing here would survive them. */
const UNSAFE = /(^|\/)\.{0,2}(\/|$)|\0/;

/**
 * Lays one layer over what is in `root`. The last entry wins; what is not a folder removes a folder and all beneath
 * it; parents are resolved through the links in `root`, and made where they are missing.
 * @throws {TreeError} `bad-layer`, `link-loop`, `not-a-directory`.
 */
export function layDown(root: Folder, layer: Layer, options: LayOptions): void {
  if (options.kind === 'image') applyWhiteouts(root, layer);
  let parent: Folder | undefined = root;
  let parentPath = '';
  for (const entry of layer.entries) {
    const { path } = entry;
    if (path === '' || path === '.') continue;
    if (UNSAFE.test(path) || path.length >= MAX_PATH) {
      throw new TreeError('bad-layer', `Cannot lay ${JSON.stringify(path)}: it is not a plain path below the root`, {
        path,
      });
    }
    const slash = path.lastIndexOf('/');
    const folderPath = slash < 0 ? '' : path.slice(0, slash);
    const name = path.slice(slash + 1);
    if (options.kind === 'image' && (name.startsWith(WHITEOUT) || DROPPED.has(path))) continue;
    if (parent === undefined || folderPath !== parentPath) {
      parent = makeFolder(root, folderPath, options.shared);
      parentPath = folderPath;
    }
    const replaced = parent.children.get(name);
    if (entry.type === 'directory') layFolder({ root, parent, name }, entry, options);
    else layLeaf({ root, parent, name }, entry, options);
    // The folder that was found for the next path may have hung on what is gone.
    if (replaced?.type === 'directory' || replaced?.type === 'symlink') parent = undefined;
  }
}

interface Place {
  readonly root: Folder;
  readonly parent: Folder;
  readonly name: string;
}

function layFolder({ root, parent, name }: Place, entry: LayerEntry, options: LayOptions): void {
  const there = parent.children.get(name);
  if (there?.type === 'directory') {
    if (options.kind === 'image') Object.assign(there, ownershipOf(entry, options.component), { xattrs: entry.xattrs });
    else if (there.component !== options.component) share(there, options.shared);
    return;
  }
  if (there?.type === 'symlink' && options.kind === 'package') {
    const target = makeFolder(root, entry.path, options.shared);
    if (target.component !== options.component) share(target, options.shared);
    return;
  }
  const folder = newFolder(ownershipOf(entry, options.component));
  folder.xattrs = entry.xattrs;
  parent.children.set(name, folder);
}

/** Takes a folder out of the component that was first to have it, so that it stays when that one changes. */
function share(folder: Folder, shared: Ownership): void {
  folder.component = shared.component;
  folder.mtimeSeconds = shared.mtimeSeconds;
}

function layLeaf({ root, parent, name }: Place, entry: LayerEntry, options: LayOptions): void {
  const there = parent.children.get(name);
  if (options.kind === 'package' && entry.type === 'symlink' && there?.type === 'directory') return;
  parent.children.set(name, entry.type === 'hardlink' ? linkTarget(root, entry) : leafOf(entry, options.component));
}

function leafOf(entry: LayerEntry, component: string): Leaf {
  const { type, content, link, device, xattrs, path } = entry;
  if (type === 'directory' || type === 'hardlink') throw new TypeError(`${path} is a ${type}`);
  if (type === 'file' && content === undefined) {
    throw new TreeError('bad-layer', `Cannot lay ${path}: the layer's index has no content for it`, { path });
  }
  return newLeaf(type, ownershipOf(entry, component), { content, link, device, xattrs });
}

/** The inode that a hard link gives another name to: in this root, and there already, as tar has it. */
function linkTarget(root: Folder, entry: LayerEntry): Leaf {
  const target = UNSAFE.test(entry.link ?? '') ? undefined : findLink(root, entry.link ?? '');
  if (target === undefined || target.type === 'directory') {
    throw new TreeError(
      'bad-layer',
      `Cannot lay ${entry.path}: it is a hard link to ${JSON.stringify(entry.link ?? '')}, and there is no such file`,
      { path: entry.path },
    );
  }
  target.hardLinked = true;
  return target;
}

function ownershipOf(entry: LayerEntry, component: string): Ownership {
  const { mode, uid, gid, mtimeSeconds } = entry;
  return { mode, uid, gid, mtimeSeconds, component };
}

/** Whiteouts hide what lower layers have, never what their own layer brings, wherever in the archive they stand. */
function applyWhiteouts(root: Folder, layer: Layer): void {
  for (const { path } of layer.entries) {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (!name.startsWith(WHITEOUT)) continue;
    const folder = slash < 0 ? root : find(root, path.slice(0, slash));
    if (folder?.type !== 'directory') continue;
    if (name === OPAQUE) folder.children.clear();
    else if (!name.startsWith(RESERVED)) folder.children.delete(name.slice(WHITEOUT.length));
  }
}
