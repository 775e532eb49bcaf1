import type { Complain } from './check-container.js';
import { type Path, quote } from './property.js';

export interface SayOptions {
  /** What makes it the same. Default: the text. */
  readonly key?: string;
  /** What to do about it, as the end of a sentence. */
  readonly remedy: string;
  /** What the first one is called by. Default: where it stands. */
  readonly whole?: Path;
}

/** What has been said already, and where. */
export class Said {
  readonly #paths = new Map<string, Path>();
  readonly #complain: Complain;

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  /** Complains where the same was said before; tells whether it was not. */
  say(text: string | number, at: Path, { key = `${text}`, remedy, whole = at }: SayOptions): boolean {
    const earlier = this.#paths.get(key);
    if (earlier === undefined) {
      this.#paths.set(key, whole);
      return true;
    }
    const shown = typeof text === 'string' ? quote(text) : text;
    this.#complain(at, `is ${shown} again; ${remedy}`, { code: 'conflict', earlier });
    return false;
  }
}
