import { generated } from './generated.js';
import type { OciMount } from './mounts.js';
import { type Folder, find, newFile, newFolder, type Ownership, put } from './root.js';

export interface MountPointOptions {
  /** Whether an absolute path names a file, not a folder, on the machine. */
  readonly isFile: (path: string) => boolean;
  readonly plain: Ownership;
}

/**
 * Makes the places that a container's mounts go to, where its root lacks them: at run time the root may be read-only,
 * and the runtime could not. What lies beneath another mount is left to that one.
 */
export function makeMountPoints(root: Folder, mounts: readonly OciMount[], { isFile, plain }: MountPointOptions): void {
  const destinations = mounts.map(({ destination }) => destination.replace(/\/+$/, ''));
  for (const [index, { type, source }] of mounts.entries()) {
    const destination = destinations[index] ?? '';
    const path = destination.replace(/^\/+/, '');
    const beneath = destinations.some((other) => other !== '' && destination.startsWith(`${other}/`));
    if (path === '' || beneath || find(root, path) !== undefined) continue;
    const file = type === 'bind' && source !== undefined && isFile(source);
    put(root, path, file ? newFile(generated(''), { ...plain, mode: 0o644 }) : newFolder(plain), plain);
  }
}
