import type { EntryType } from '../model/layer.js';
import type { TreeEntry } from '../model/tree.js';
import { EncodeError } from './error.js';

/** An entry on its own: what a hard link is another name of has been filled in. */
export interface InodeEntry extends TreeEntry {
  readonly type: Exclude<EntryType, 'hardlink'>;
  /** The same text in all entries that are names of one file; elsewhere unique. */
  readonly inode: string;
}

/**
 * The entries, in their order, with every hard link turned into a full entry: owner, mode, time and content are those
 * of the file it names. Another name of a symlink, pipe or device becomes a copy of it, which is as good.
 * @throws {EncodeError} `bad-tree` for a hard link to a folder, to a hard link, or to nothing.
 */
export function resolveInodes(entries: readonly TreeEntry[]): InodeEntry[] {
  const owners = new Map<string, TreeEntry>();
  for (const entry of entries) if (entry.type !== 'hardlink') owners.set(entry.path, entry);
  return entries.map((entry) => {
    if (isResolved(entry)) return { ...entry, inode: entry.path };
    const owner = owners.get(entry.link ?? '');
    if (owner === undefined || !isResolved(owner) || owner.type === 'directory') {
      throw new EncodeError(
        'bad-tree',
        `Cannot encode the hard link ${entry.path}: there is no file ${entry.link}; wanted the path of one in the tree`,
        { context: { path: entry.path } },
      );
    }
    const { path, component } = entry;
    return { ...owner, path, component, inode: owner.type === 'file' ? owner.path : path };
  });
}

/** Names of each file that has several, by its `inode`, in the order of the entries. */
export function namesOf(entries: readonly InodeEntry[]): Map<string, readonly string[]> {
  const names = new Map<string, string[]>();
  // Few files have several names, and of those all but one are called otherwise than their inode.
  for (const { inode, path } of entries) if (inode !== path) names.set(inode, []);
  if (names.size > 0) for (const { inode, path } of entries) names.get(inode)?.push(path);
  for (const [inode, { length }] of names) if (length === 1) names.delete(inode);
  return names;
}

function isResolved(entry: TreeEntry): entry is TreeEntry & { readonly type: Exclude<EntryType, 'hardlink'> } {
  return entry.type !== 'hardlink';
}
