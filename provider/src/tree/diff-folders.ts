import type { EntryChange } from './tree-diff.js';

/** Something that differs: a path by itself or, of a folder that came or went, all that is in it. */
export interface ChangeGroup {
  readonly path: string;
  readonly kind: EntryChange['kind'];
  /** The change of the path itself, then those of all below it, sorted by path. */
  readonly changes: readonly [EntryChange, ...EntryChange[]];
}

/**
 * Changes with each folder that came or went as a whole as one: of a package that was added, people want to know that it
 * was, and not the names of its folders. `changes` are sorted by path, and so is what comes back.
 */
export function groupChanges(changes: readonly EntryChange[]): ChangeGroup[] {
  const groups: { path: string; kind: EntryChange['kind']; changes: [EntryChange, ...EntryChange[]] }[] = [];
  const folders = new Map<string, EntryChange[]>();
  for (const change of changes) {
    const { path, kind } = change;
    const above = folderAbove(path, folders);
    if (above !== undefined) {
      above.push(change);
      continue;
    }
    const group: [EntryChange, ...EntryChange[]] = [change];
    groups.push({ path, kind, changes: group });
    if (isWholeFolder(change)) folders.set(path, group);
  }
  return groups;
}

/** All that is below a folder of one image alone is in that one alone. */
function isWholeFolder({ kind, before, after }: EntryChange): boolean {
  return kind !== 'changed' && (before ?? after)?.type === 'directory';
}

function folderAbove(path: string, folders: ReadonlyMap<string, EntryChange[]>): EntryChange[] | undefined {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const folder = folders.get(path.slice(0, slash));
    if (folder !== undefined) return folder;
  }
  return undefined;
}
