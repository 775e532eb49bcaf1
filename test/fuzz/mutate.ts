/** Numbers from a seed (mulberry32): the same seed gives the same ones on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }
}

/** Bytes that often stand for a limit. */
const TELLING = [0x00, 0x01, 0x0a, 0x20, 0x2e, 0x2f, 0x37, 0x39, 0x7f, 0x80, 0xff];

/** A copy of some bytes with a few things wrong: bits, telling bytes, pieces cut out, doubled, or moved. */
export function mutate(bytes: Uint8Array, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0 && result.length > 0; changes--) {
    const at = random.below(result.length);
    const piece = result.subarray(at, at + 1 + random.below(Math.min(600, result.length)));
    switch (random.below(5)) {
      case 0:
        result[at] = (result[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        result[at] = TELLING[random.below(TELLING.length)] as number;
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + piece.length)]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at), piece, result.subarray(at)]);
        break;
      default:
        result = Buffer.from(result.subarray(0, at));
    }
  }
  return result;
}
