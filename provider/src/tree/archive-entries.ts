import type { LayerEntry, TreeEntry } from '../model/index.js';
import { sortByPath } from './byte-order.js';

/**
 * The entries of an archive of a whole root as those of a tree: each path once, where the last entry of a name counts,
 * sorted by the bytes of their paths. The root's own entry is left out.
 */
export function archiveEntries(entries: readonly LayerEntry[]): TreeEntry[] {
  const byPath = new Map<string, TreeEntry>();
  for (const entry of entries) if (entry.path !== '') byPath.set(entry.path, { ...entry, component: '' });
  return sortByPath([...byPath.values()]);
}
