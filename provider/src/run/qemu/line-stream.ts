/** Cuts bytes that arrive in pieces into lines of text. A line longer than the limit is cut there. */
export class LineStream {
  #rest: Buffer = Buffer.alloc(0);
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that are complete with this piece, without their ends. */
  push(piece: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = this.#rest.indexOf(0x0a, start);
      const limit = start + this.#maxBytes;
      if (end < 0 && this.#rest.length <= limit) break;
      const cut = end < 0 || end > limit ? limit : end;
      lines.push(this.#rest.toString('utf8', start, cut).replace(/\r$/, ''));
      start = cut === end ? end + 1 : cut;
    }
    this.#rest = this.#rest.subarray(start);
    return lines;
  }

  /** What has no end yet. */
  get rest(): string {
    return this.#rest.toString('utf8');
  }
}
