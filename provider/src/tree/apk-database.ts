import { generated, textOf } from './generated.js';
import { type Folder, find, newFile, type Ownership, put, type Read } from './root.js';

const DATABASE = 'lib/apk/db/installed';

/** The list of Alpine's packages in a root; undefined where there is none. */
export async function apkDatabase(root: Folder, read: Read): Promise<string | undefined> {
  const node = find(root, DATABASE);
  return node?.type === 'file' ? await textOf(node, read) : undefined;
}

/**
 * Where several images were laid over each other, the last one's list would hide what the others brought: all of them
 * one after the other, as LinuxKit writes them, for tools that tell what is installed.
 */
export function mergeApkDatabases(host: Folder, databases: readonly string[], owner: Ownership): void {
  if (databases.length < 2) return;
  const text = databases.map((database) => `${database}\n\n`).join('');
  put(host, DATABASE, newFile(generated(text), { ...owner, mode: 0o644 }), owner);
}
