/** Names that differ in more than this many places from what was asked for are no misspelling of it. */
const MAX_EDITS = 2;
const MAX_NAMES = 3;

/** The names that a word is most likely a misspelling of, the nearest first, at most three. */
export async function nearestNames(word: string, names: AsyncIterable<string> | Iterable<string>): Promise<string[]> {
  const near = new Map<string, number>();
  for await (const name of names) {
    if (Math.abs(name.length - word.length) > MAX_EDITS) continue;
    const edits = editsBetween(word, name);
    if (edits <= MAX_EDITS && edits < Math.max(word.length, 2) / 2) near.set(name, edits);
  }
  return [...near]
    .sort(([left, a], [right, b]) => a - b || (left < right ? -1 : 1))
    .slice(0, MAX_NAMES)
    .map(([name]) => name);
}

/** Levenshtein's distance, as far as it is at most MAX_EDITS; only cells that near the diagonal are looked at. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = new Array<number>(to.length + 1).fill(MAX_EDITS + 1);
    next[0] = i;
    let least = i;
    for (let j = Math.max(1, i - MAX_EDITS); j <= Math.min(to.length, i + MAX_EDITS); j++) {
      const replaced = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const edits = Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1);
      next[j] = edits;
      least = Math.min(least, edits);
    }
    if (least > MAX_EDITS) return MAX_EDITS + 1;
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? MAX_EDITS + 1;
}
