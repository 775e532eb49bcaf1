/** Lines are gathered in pieces of memory of this size, outside of the heap, where nobody has to look through them. */
const CHUNK_BYTES = 4 << 20;

/** This many lines are sorted as soon as they are there, in some milliseconds: all at once would hold everything else up. */
const RUN_LINES = 2048;

const TAB = 0x09;

/** Where a line lies, with its line feed. */
export interface Line {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
}

export function keyOf({ chunk, start }: Line): string {
  return chunk.toString('utf8', start, chunk.indexOf(TAB, start));
}

/**
 * Lines of an index file, each a key, a tab, and a value, in UTF-8. A large suite has a hundred thousand of them: as
 * strings they take three times as much memory.
 */
export class IndexLines {
  readonly #chunks: Buffer[] = [];
  /** Where each line begins, counted over all chunks, and where it ends, with its line feed. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** Numbers of lines that follow each other, sorted. */
  readonly #runs: Uint32Array[] = [];
  #filled = CHUNK_BYTES;

  /** @throws {RangeError} for a line without a tab, with a line feed, or longer than 4 MiB. */
  add(line: string): void {
    const sizeBytes = Buffer.byteLength(line) + 1;
    if (!line.includes('\t') || line.includes('\n') || sizeBytes > CHUNK_BYTES) {
      throw new RangeError(
        `Cannot write the index line ${JSON.stringify(line.slice(0, 80))}: it is not a key, a tab, and a value, of 4 MiB at the most`,
      );
    }
    if (this.#filled + sizeBytes > CHUNK_BYTES) {
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      this.#filled = 0;
    }
    const start = (this.#chunks.length - 1) * CHUNK_BYTES + this.#filled;
    this.#chunks.at(-1)?.write(`${line}\n`, this.#filled, 'utf8');
    this.#filled += sizeBytes;
    this.#starts.push(start);
    this.#ends.push(start + sizeBytes);
    if (this.#ends.length % RUN_LINES === 0) this.#runs.push(this.#sortedRun(this.#runs.length));
  }

  /** Where the lines lie, sorted by their bytes, and so by their keys first: a tab sorts before what keys are made of. */
  *sorted(): Generator<Line, void, undefined> {
    const runs = [...this.#runs];
    if (this.#ends.length % RUN_LINES > 0) runs.push(this.#sortedRun(runs.length));
    // A heap of the runs that have lines left, the one with the first line on top.
    const heads = runs.map((run) => ({ run, at: 0, line: run[0] as number }));
    const isBefore = (a: number, b: number): boolean => {
      const [left, right] = [heads[a], heads[b]];
      return left !== undefined && right !== undefined && this.#compare(left.line, right.line) < 0;
    };
    const sink = (from: number): void => {
      for (let parent = from; ; ) {
        let first = parent;
        for (const child of [2 * parent + 1, 2 * parent + 2]) if (isBefore(child, first)) first = child;
        if (first === parent) return;
        [heads[first], heads[parent]] = [heads[parent] as (typeof heads)[0], heads[first] as (typeof heads)[0]];
        parent = first;
      }
    };
    for (let parent = heads.length >> 1; parent >= 0; parent--) sink(parent);
    for (let top = heads[0]; top !== undefined; top = heads[0]) {
      yield this.#place(top.line);
      top.at += 1;
      const next = top.run[top.at];
      const last = next === undefined ? heads.pop() : undefined;
      if (next !== undefined) top.line = next;
      else if (last !== top && last !== undefined) heads[0] = last;
      sink(0);
    }
  }

  #sortedRun(number: number): Uint32Array {
    const start = number * RUN_LINES;
    const run = Uint32Array.from(
      { length: Math.min(RUN_LINES, this.#ends.length - start) },
      (_, index) => start + index,
    );
    return run.sort((left, right) => this.#compare(left, right));
  }

  #compare(left: number, right: number): number {
    const [ours, theirs] = [this.#place(left), this.#place(right)];
    return ours.chunk.compare(theirs.chunk, theirs.start, theirs.end - 1, ours.start, ours.end - 1);
  }

  #place(index: number): Line {
    const [start = 0, end = 0] = [this.#starts[index], this.#ends[index]];
    const number = Math.floor(start / CHUNK_BYTES);
    const base = number * CHUNK_BYTES;
    return { chunk: this.#chunks[number] as Buffer, start: start - base, end: end - base };
  }
}
