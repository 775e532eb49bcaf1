/** Words longer than this are no misspelling of anything; it bounds the comparison. */
const MAX_LENGTH = 128;
const MAX_WORDS = 3;

/**
 * The candidates that a word is most likely a misspelling of: the nearest first, at most three, none that is far off.
 * Case, dashes and underscores count for nothing: people write `read_only` and `ReadOnly` for `readonly`.
 */
export function nearest(word: string, candidates: Iterable<string>): string[] {
  if (word.length > MAX_LENGTH) return [];
  const wanted = fold(word);
  const near: { candidate: string; edits: number }[] = [];
  for (const candidate of candidates) {
    const folded = fold(candidate);
    const limit = Math.floor(Math.max(wanted.length, folded.length) / 3);
    const edits = editsBetween(wanted, folded, limit);
    if (edits <= limit) near.push({ candidate, edits });
  }
  near.sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1));
  const least = near[0]?.edits ?? 0;
  // Beside one that is a single letter off, others are noise.
  return near
    .filter(({ edits }) => edits <= least + 1)
    .slice(0, MAX_WORDS)
    .map(({ candidate }) => candidate);
}

/** `; did you mean a, b or c?`, or nothing. */
export function didYouMean(words: readonly string[]): string {
  if (words.length === 0) return '';
  const last = words[words.length - 1] as string;
  return `; did you mean ${words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`}?`;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours (Damerau's distance); over `limit` where it is more. */
function editsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let edits = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, at(beforeLast, j - 2) + 1);
      }
      row.push(edits);
    }
    if (Math.min(...row) > limit + 1) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] as number;
}
