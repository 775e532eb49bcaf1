import type { Content, FileEntry, Layer, Lock } from '../model/index.js';
import { TreeError } from './error.js';
import { layDown } from './flatten.js';
import { generated } from './generated.js';
import { type Ids, resolveId } from './ids.js';
import { metadataText } from './metadata.js';
import { type Folder, find, makeFolder, newFile, newFolder, newSymlink, type Ownership, put } from './root.js';

export interface FilesOptions {
  readonly lock: Lock;
  /** By index in `lock.spec.files`. */
  readonly contents: ReadonlyMap<number, Content>;
  /** By index in `lock.spec.files`, of those that are to be unpacked. */
  readonly archives: ReadonlyMap<number, Layer> | undefined;
  /** What names of owners stand for, each asked in turn: those of `users`, then those of containers. */
  readonly uids: readonly Ids[];
  readonly gids: readonly Ids[];
  readonly component: string;
  /** Roots of containers within the host's root, by path: links in them stay in them. */
  readonly roots: ReadonlyMap<string, Folder>;
}

const DEFAULT_FILE_MODE = 0o600;
const DEFAULT_FOLDER_MODE = 0o700;

/**
 * Lays the user's files over everything else, in their order, with LinuxKit's defaults: mode 0600, folders 0700, and
 * missing parents with the file's owner and its mode, plus `x` wherever it has any bit. Unlike LinuxKit, folders that
 * are there keep their mode: `etc/motd` does not shut all of `/etc`.
 * @throws {TreeError} `bad-file`, `missing-input`, `link-loop`, `not-a-directory`.
 */
export function layFiles(host: Folder, options: FilesOptions): void {
  for (const [index, file] of (options.lock.spec.files ?? []).entries()) layFile(host, { file, index }, options);
}

function layFile(host: Folder, { file, index }: { file: FileEntry; index: number }, options: FilesOptions): void {
  const property = `files[${index}]`;
  const archive = options.archives?.get(index);
  if (archive !== undefined) {
    layArchive(host, { file, archive, property }, options);
    return;
  }
  const what = whatItIs(file, { index, property }, options);
  if (what === undefined) return;
  const mode =
    file.mode === undefined
      ? what === 'folder'
        ? DEFAULT_FOLDER_MODE
        : DEFAULT_FILE_MODE
      : Number.parseInt(file.mode, 8);
  const ownership: Ownership = {
    mode,
    ...ownerOf(file, property, options),
    mtimeSeconds: options.lock.sourceDateEpoch,
    component: options.component,
  };
  const missing = { ...ownership, mode: searchable(mode) };
  const { root, path } = rootOf(host, filePath(file.path, property), options.roots);
  if (what === 'folder') {
    const there = find(root, path);
    if (there?.type === 'directory') Object.assign(there, ownership);
    else put(root, path, newFolder(ownership), missing);
  } else if (typeof what === 'string') {
    put(root, path, newSymlink(what.slice('link:'.length), ownership), missing);
  } else {
    put(root, path, newFile(what, ownership), missing);
  }
}

function ownerOf(file: FileEntry, property: string, { uids, gids }: FilesOptions): Pick<Ownership, 'uid' | 'gid'> {
  const about = (name: string) => ({ property: `${property}.${name}`, code: 'bad-file' as const });
  return { uid: resolveId(file.uid, uids, about('uid')), gid: resolveId(file.gid, gids, about('gid')) };
}

/**
 * Lays what is in an archive into the folder at the entry's path, which is all that it can reach: links in it lead no
 * further. Folders that are there keep owner and mode, as they do for files.
 */
function layArchive(
  host: Folder,
  { file, archive, property }: { file: FileEntry; archive: Layer; property: string },
  options: FilesOptions,
): void {
  const owner = ownerOf(file, property, options);
  const shared = { ...owner, mode: 0o755, mtimeSeconds: options.lock.sourceDateEpoch, component: options.component };
  const { root, path } = rootOf(host, filePath(file.path, property), options.roots);
  const folder = makeFolder(root, path, shared);
  const entries = archive.entries
    .filter((entry) => entry.type !== 'directory' || find(folder, entry.path)?.type !== 'directory')
    .map((entry) => ({ ...entry, ...owner }));
  layDown(folder, { ...archive, entries }, { kind: 'package', component: options.component, shared });
}

/** What an entry makes; undefined for an optional one whose source was not there. */
function whatItIs(
  file: FileEntry,
  { index, property }: { index: number; property: string },
  { lock, contents }: FilesOptions,
): Content | 'folder' | `link:${string}` | undefined {
  const content = contents.get(index);
  const kinds = [file.directory || undefined, file.symlink, file.contents, file.metadata, content];
  const given = kinds.filter((kind) => kind !== undefined).length;
  if (given > 1) {
    throw new TreeError(
      'bad-file',
      `Cannot make ${file.path}: it has several contents; wanted one of contents, source, symlink, directory, metadata`,
      { property },
    );
  }
  if (content !== undefined) return content;
  if (file.directory === true) return 'folder';
  if (file.symlink !== undefined) return `link:${file.symlink}`;
  if (file.contents !== undefined) return generated(file.contents);
  if (file.metadata !== undefined) return generated(metadataText(lock.spec, file.metadata));
  if (Object.hasOwn(lock.files, String(index))) {
    throw new TreeError('missing-input', `Cannot make ${file.path}: its content was not handed in`, { property });
  }
  if (file.optional === true) return undefined;
  throw new TreeError(
    'bad-file',
    `Cannot make ${file.path}: it has no content; wanted one of contents, source, symlink, directory, metadata`,
    { property },
  );
}

/** A path of the spec in the form that trees have. */
export function filePath(written: string, property: string): string {
  const parts = written.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..') || written.includes('\0')) {
    throw new TreeError('bad-file', `Cannot make ${JSON.stringify(written)}: it is not a path below the root`, {
      property: `${property}.path`,
      got: written,
    });
  }
  return parts.join('/');
}

function rootOf(host: Folder, path: string, roots: FilesOptions['roots']): { root: Folder; path: string } {
  for (const [place, root] of roots) {
    if (path.startsWith(`${place}/`)) return { root, path: path.slice(place.length + 1) };
  }
  return { root: host, path };
}

/** The mode of a folder that whoever may read or write in it may enter. */
function searchable(mode: number): number {
  const bits = [0o700, 0o070, 0o007].map((triple) => ((mode & triple) === 0 ? 0 : 0o111 & triple));
  return (mode & 0o777) | bits.reduce((all, bit) => all | bit, 0);
}
