import type { Architecture } from '../model/index.js';
import { type Folder, findLink, makeFolder, newFolder, newSymlink, type Ownership, put } from './root.js';

/** Links of the merged /usr. `lib64` is where amd64's programs look for their loader; arm64 has none. */
function usrLinks(architecture: Architecture): string[] {
  return architecture === 'amd64' ? ['bin', 'sbin', 'lib', 'lib64'] : ['bin', 'sbin', 'lib'];
}

/** With their modes (FHS 3.0, and file-hierarchy(7) for the sticky bits). */
const FOLDERS: readonly [path: string, mode: number][] = [
  ...['dev', 'etc', 'home', 'mnt', 'opt', 'proc', 'run', 'srv', 'sys', 'usr', 'var'].map((path): [string, number] => [
    path,
    0o755,
  ]),
  ['root', 0o700],
  ['tmp', 0o1777],
  ...['var/cache', 'var/lib', 'var/log', 'var/spool'].map((path): [string, number] => [path, 0o755]),
  ['var/tmp', 0o1777],
];

/** `bin`, `sbin`, `lib` as links into usr, before anything is laid down: what comes as `lib/…` lands in `usr/lib`. */
export function mergeUsr(root: Folder, architecture: Architecture, ownership: Ownership): void {
  for (const name of usrLinks(architecture)) {
    makeFolder(root, `usr/${name}`, ownership);
    put(root, name, newSymlink(`usr/${name}`, ownership), ownership);
  }
}

/** Folders that every root has, where they are missing, and links from /var to /run. */
export function addBaseFolders(root: Folder, ownership: Ownership): void {
  for (const [path, mode] of FOLDERS) {
    if (findLink(root, path) === undefined) put(root, path, newFolder({ ...ownership, mode }), ownership);
  }
  for (const [path, target] of [
    ['var/run', '/run'],
    ['var/lock', '/run/lock'],
  ] as const) {
    if (findLink(root, path) === undefined) put(root, path, newSymlink(target, ownership), ownership);
  }
}
