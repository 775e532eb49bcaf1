/**
 * Places that follow from what a thing is called, not from what came before it: whoever comes or goes then moves few
 * others.
 */

/** 32 bits of a text: FNV-1a over its UTF-16 code units, and MurmurHash3's finalizer, which evens out the bits. */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mixHash(hash, 0);
}

/** Another 32 bits for each number. */
export function mixHash(hash: number, by: number): number {
  let mixed = (hash ^ Math.imul(by, 0x9e3779b1)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * One of `count` places, each as likely. When the count grows by one, only one in so many changes its place, and to the
 * new one (Lamping, Veach: A Fast, Minimal Memory, Consistent Hash Algorithm).
 */
export function placeOfHash(hash: number, count: number): number {
  let place = 0;
  let state = hash;
  for (let next = 0; next < count; ) {
    place = next;
    state = mixHash(state, 1);
    next = Math.floor((place + 1) * (2 ** 32 / (state + 1)));
  }
  return place;
}

/**
 * The free place that is wanted most, undefined if none is free: first some that follow from the hash, then all in a row.
 */
export function firstFree(hash: number, count: number, isFree: (place: number) => boolean): number | undefined {
  const tries = Math.min(count, TRIES);
  for (let index = 0; index < tries; index += 1) {
    const place = placeOfHash(mixHash(hash, index), count);
    if (isFree(place)) return place;
  }
  const first = placeOfHash(hash, count);
  for (let index = 0; index < count; index += 1) {
    const place = (first + index) % count;
    if (isFree(place)) return place;
  }
  return undefined;
}

const TRIES = 24;

/**
 * The number, made larger so that it seldom changes: at most 2^bits numbers between two powers of two are left, and all
 * up to 2^bits.
 */
export function quantise(number: number, bits: number): number {
  if (number <= 2 ** bits) return Math.ceil(number);
  const step = 2 ** (Math.ceil(Math.log2(number)) - 1 - bits);
  return Math.ceil(number / step) * step;
}
