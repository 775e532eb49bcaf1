import type { Architecture, GuestFile, GuestPick, GuestPurpose, Layer, Spec } from '../model/index.js';
import { addBaseFolders, mergeUsr } from './base-folders.js';
import { TreeError } from './error.js';
import { layDown } from './flatten.js';
import { generated } from './generated.js';
import {
  type Folder,
  find,
  newFile,
  newFolder,
  newLeaf,
  newSymlink,
  type Ownership,
  plainFolder,
  put,
} from './root.js';
import { touch } from './touch.js';

export interface GuestOptions {
  readonly layers: readonly Layer[];
  readonly picks: readonly GuestPick[];
  readonly files: readonly GuestFile[];
  readonly version: number;
  readonly architecture: Architecture;
  readonly hostname: string | undefined;
  readonly component: string;
  readonly mtimeSeconds: number;
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n';
const GROUP = 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n';
const SHADOW = 'root:*:::::::\nnobody:*:::::::\n';

/**
 * Ingot's own init, laid into an empty root: folders and accounts of a plain system, the files picked from packages,
 * and the files it brings along, which win.
 * @throws {TreeError} `missing-guest-file`.
 */
export function layGuest(root: Folder, options: GuestOptions): void {
  const plain = plainFolder(options.component, options.mtimeSeconds);
  mergeUsr(root, options.architecture, plain);
  addBaseFolders(root, plain);
  touch(root, { component: options.component, mtimeSeconds: options.mtimeSeconds, resolver: 'link' });
  const text = (path: string, content: string, mode = 0o644) =>
    put(root, path, newFile(generated(content), { ...plain, mode }), plain);
  text('etc/passwd', PASSWD);
  text('etc/group', GROUP);
  text('etc/shadow', SHADOW, 0o600);
  // No date and no digest: this part of the image stays the same when others change.
  text('etc/os-release', `NAME=Ingot\nID=ingot\nPRETTY_NAME=Ingot\nVERSION_ID=${options.version}\n`);
  if (options.hostname !== undefined) text('etc/hostname', `${options.hostname}\n`);
  layPicks(root, options, plain);
  for (const file of options.files) layGuestFile(root, file, plain);
}

/** What is picked for these purposes, and for any. */
export function picksFor(picks: readonly GuestPick[], purposes: readonly GuestPurpose[]): GuestPick[] {
  return picks.filter((pick) => pick.for === undefined || purposes.includes(pick.for));
}

/** What the root of a spec is for. */
export function purposesOf({ disks = [] }: Spec): GuestPurpose[] {
  return disks.length > 0 ? ['disks'] : [];
}

/** All packages are unpacked beside the image, so that a picked link leads to the file that its package means. */
export function layPicks(
  root: Folder,
  { layers, picks, architecture }: Pick<GuestOptions, 'layers' | 'picks' | 'architecture'>,
  plain: Ownership,
): void {
  const unpacked = newFolder(plain);
  mergeUsr(unpacked, architecture, plain);
  const paths = new Map<string, string[]>();
  for (const layer of layers) {
    layDown(unpacked, layer, { kind: 'package', component: plain.component, shared: plain });
    const own = layer.entries.filter(({ type }) => type !== 'directory').map(({ path }) => mergedPath(path));
    if (layer.package !== undefined) paths.set(layer.package.name, own);
  }
  for (const pick of picks) {
    const pattern = globPattern(mergedPath(pick.from));
    const matches = (paths.get(pick.package) ?? []).filter((path) => pattern.test(path)).sort();
    if (matches.length === 0) throw missing(pick, paths.has(pick.package) ? 'has no such file' : 'is not there');
    if (matches.length > 1 && pick.to !== undefined)
      throw missing(pick, `has ${matches.length} such files, wanted one`);
    for (const path of matches) {
      const node = find(unpacked, path);
      if (node?.type !== 'file') throw missing(pick, `has ${path}, which leads to no file`);
      const { mode, uid, gid, mtimeSeconds, content, xattrs } = node;
      const ownership = { mode, uid, gid, mtimeSeconds, component: plain.component };
      put(root, pick.to ?? path, newLeaf('file', ownership, { content, xattrs }), plain);
    }
  }
}

export function layGuestFile(root: Folder, file: GuestFile, plain: Ownership): void {
  const ownership = { ...plain, mode: file.mode };
  if (file.directory === true) {
    const there = find(root, file.path);
    if (there?.type === 'directory') there.mode = file.mode;
    else put(root, file.path, newFolder(ownership), plain);
  } else if (file.link !== undefined) {
    put(root, file.path, newSymlink(file.link, plain), plain);
  } else {
    put(root, file.path, newFile(generated(file.bytes ?? new Uint8Array()), ownership), plain);
  }
}

/** Where a path of a package that knows no merged /usr lies. */
function mergedPath(path: string): string {
  return /^(bin|sbin|lib|lib64)\//.test(path) ? `usr/${path}` : path;
}

/** `*` stands for any characters but a slash; all else for itself. */
function globPattern(glob: string): RegExp {
  const literals = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${literals.join('[^/]*')}$`);
}

function missing(pick: GuestPick, what: string): TreeError {
  return new TreeError(
    'missing-guest-file',
    `Cannot take ${pick.from} for Ingot's own init: the package ${pick.package} ${what}`,
    { path: pick.from, got: pick.package },
  );
}
