import type { Contents, Digest, TreeEntry } from '../model/index.js';
import { type Change, changesBetween } from './diff.js';
import { ENTRY_ASPECTS, type EntryAspect, type EntryChange, entryChanges } from './tree-diff.js';

/** One side of a comparison. */
export interface ComparedImage {
  /** As the user called it. */
  readonly name: string;
  /** Of the image where it has one, else of the archive. */
  readonly digest: Digest;
  /** Not shortened. */
  readonly contents: Contents;
  /** Sorted by the bytes of their paths. */
  readonly entries: readonly TreeEntry[];
}

export interface ImageDiff {
  readonly before: Pick<ComparedImage, 'name' | 'digest'>;
  readonly after: Pick<ComparedImage, 'name' | 'digest'>;
  /** Whether a bit of the root differs: its files, or what is said of them. */
  readonly different: boolean;
  /** In words, by area. The files are in `files`. */
  readonly changes: readonly Change[];
  readonly files: readonly EntryChange[];
}

/** All that differs between two images. */
export function imageDiff(before: ComparedImage, after: ComparedImage): ImageDiff {
  const words = changesBetween(before.contents, after.contents);
  // Both sum up files, of which each is told here.
  const changes = words.filter(({ area }) => area !== 'file' && area !== 'component');
  const files = entryChanges(before.entries, after.entries);
  const sides = [before, after].map(({ name, digest }) => ({ name, digest })) as [
    ImageDiff['before'],
    ImageDiff['after'],
  ];
  return { before: sides[0], after: sides[1], different: changes.length + files.length > 0, changes, files };
}

/** How many files differ, and in what. */
export interface FileCounts {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** Of the changed ones; one file may be counted under several. Without those that are 0. */
  readonly aspects: ReadonlyMap<EntryAspect, number>;
}

export function countFiles(files: readonly EntryChange[]): FileCounts {
  const kinds = { added: 0, removed: 0, changed: 0 };
  const found = new Map<EntryAspect, number>();
  for (const { kind, aspects } of files) {
    kinds[kind] += 1;
    for (const aspect of aspects) found.set(aspect, (found.get(aspect) ?? 0) + 1);
  }
  const aspects = ENTRY_ASPECTS.flatMap((aspect) => {
    const count = found.get(aspect);
    return count === undefined ? [] : [[aspect, count] as const];
  });
  return { ...kinds, aspects: new Map(aspects) };
}

/** Whether nothing but its time differs. */
export function isTimeAlone({ kind, aspects }: EntryChange): boolean {
  return kind === 'changed' && aspects.every((aspect) => aspect === 'time');
}
