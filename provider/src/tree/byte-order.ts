/** Code units from which UTF-16 order and byte order can differ: surrogates, and what sorts after them. */
const HIGH = /[\ud800-\uffff]/;

/** Single surrogates U+DC80..U+DCFF, which stand for bytes that are not UTF-8 (model/layer.ts). */
const ESCAPED_BYTE = /([\udc80-\udcff])/u;

/** The bytes that a path has on disk. */
export function pathBytes(path: string): Buffer {
  if (!HIGH.test(path)) return Buffer.from(path);
  const parts = path.split(ESCAPED_BYTE);
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) - 0xdc00))),
  );
}

/** Compares two paths by their bytes. */
export function compareByBytes(a: string, b: string): number {
  if (HIGH.test(a) || HIGH.test(b)) return Buffer.compare(pathBytes(a), pathBytes(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts in place by the bytes of `path`. The plain comparison serves unless some path needs the slow one. */
export function sortByPath<T extends { readonly path: string }>(items: T[]): T[] {
  if (!items.some((item) => HIGH.test(item.path))) {
    return items.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }
  const keyed = items.map((item) => ({ item, key: pathBytes(item.path) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  keyed.forEach(({ item }, index) => {
    items[index] = item;
  });
  return items;
}
