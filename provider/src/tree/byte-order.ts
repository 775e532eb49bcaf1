import { encodePath } from '../format/path-text.js';

/** Code units from which UTF-16 order and byte order can differ: surrogates, and what sorts after them. */
const HIGH = /[\ud800-\uffff]/;

/** Compares two texts by their bytes in UTF-8 (or the bytes they stand for). */
export function compareByBytes(a: string, b: string): number {
  if (HIGH.test(a) || HIGH.test(b)) return Buffer.compare(encodePath(a), encodePath(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts in place by the bytes of `path`. The plain comparison serves unless some path needs the slow one. */
export function sortByPath<T extends { readonly path: string }>(items: T[]): T[] {
  if (!items.some((item) => HIGH.test(item.path))) {
    return items.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }
  const keyed = items.map((item) => ({ item, key: encodePath(item.path) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  keyed.forEach(({ item }, index) => {
    items[index] = item;
  });
  return items;
}
