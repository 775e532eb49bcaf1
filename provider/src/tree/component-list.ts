import type { Component, TreeEntry } from '../model/index.js';

type Kind = Component['kind'];

/** Order in an image: what changes seldom first. */
const ORDER: readonly Kind[] = ['kernel', 'init', 'package', 'image', 'container', 'files'];

/** Components as they are met while a tree is put together. */
export class ComponentList {
  readonly #kinds = new Map<string, Kind>();

  /** The id, for the call to read as what it is for. */
  add(id: string, kind: Kind): string {
    this.#kinds.set(id, kind);
    return id;
  }

  /** Those that own an entry, by kind, then in the order in which they were met. */
  usedBy(entries: readonly TreeEntry[]): Component[] {
    const used = new Set(entries.map(({ component }) => component));
    const components = [...this.#kinds].map(([id, kind]) => ({ id, kind })).filter(({ id }) => used.has(id));
    return ORDER.flatMap((kind) => components.filter((component) => component.kind === kind));
  }
}
