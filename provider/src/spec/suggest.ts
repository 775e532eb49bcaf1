/** Words longer than this are no misspelling of a key; it bounds the comparison. */
const MAX_LENGTH = 64;

/** The choice that a word is most likely a misspelling of, if any is near enough. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = fold(word);
  let best: { choice: string; edits: number } | undefined;
  for (const choice of choices) {
    const folded = fold(choice);
    const edits = editDistance(wanted, folded);
    const near = edits <= Math.floor(Math.max(wanted.length, folded.length) / 3);
    if (near && (best === undefined || edits < best.edits)) best = { choice, edits };
  }
  return best?.choice;
}

/** `; did you mean "image"?`, or nothing. */
export function suggestion(word: string, choices: readonly string[]): string {
  const choice = nearest(word, choices);
  return choice === undefined ? '' : `; did you mean ${JSON.stringify(choice)}?`;
}

/** People write `read_only` and `ReadOnly` for `readonly`. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(at(last, j) + 1, at(row, j - 1) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, at(beforeLast, j - 2) + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] as number;
}
