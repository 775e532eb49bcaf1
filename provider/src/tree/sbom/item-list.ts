import { distinct, type Item, type ItemKind } from './item.js';

/** Order in a document. */
const ORDER: readonly ItemKind[] = ['init', 'kernel', 'image', 'folder', 'package', 'file'];

/** Parts as they are found; one that is found in several places is one part. */
export class ItemList {
  readonly #items = new Map<string, Item>();

  /** What was known first of a part stays; what it is in and there for comes together. */
  add(item: Item): void {
    const known = this.#items.get(item.id);
    if (known === undefined) {
      this.#items.set(item.id, item);
      return;
    }
    // What is a part of the whole image by itself needs no further word about where else it is.
    const within = known.within.length === 0 || item.within.length === 0 ? [] : [...known.within, ...item.within];
    const places = distinct([...known.places, ...item.places]);
    this.#items.set(item.id, { ...item, ...known, within: distinct(within), places });
  }

  /** By kind, name and id. */
  items(): Item[] {
    return [...this.#items.values()].sort(
      (a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || compare(a.name, b.name) || compare(a.id, b.id),
    );
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
