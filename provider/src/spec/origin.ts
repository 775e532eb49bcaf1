import { type Located, locate } from './located.js';
import { LISTS, NETWORK_LISTS } from './merge.js';
import type { Path } from './property.js';

/** Lists that merging joins; all else of a spec is a single value, or a map of them. */
const JOINED: readonly Path[] = [
  ...LISTS.map((name) => [name]),
  ['debian', 'repositories'],
  ...NETWORK_LISTS.map((name) => ['network', name]),
];

/**
 * Which source a path of the merged spec came from, and its path there. For a single value that is the last source
 * that has it, for what is nowhere the last one that has what is nearest around it.
 */
export function originOf(path: Path, roots: readonly (Located | undefined)[]): { source: number; path: Path } {
  const list = JOINED.find((one) => one.every((part, depth) => path[depth] === part));
  const index = path[list?.length ?? 0];
  if (list !== undefined && typeof index === 'number') {
    let before = 0;
    for (const [source, root] of roots.entries()) {
      const value = root && locate(root, list)?.value;
      const count = Array.isArray(value) ? value.length : 0;
      if (index < before + count) return { source, path: [...list, index - before, ...path.slice(list.length + 1)] };
      before += count;
    }
  }
  for (let length = path.length; length > 0; length--) {
    const source = roots.findLastIndex((root) => root && locate(root, path.slice(0, length)));
    if (source >= 0) return { source, path };
  }
  return { source: 0, path };
}

const PART = /(?:^|\.)([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]{1,9})\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** The path that a property text stands for: the reverse of `propertyOf`. Nothing where it is no such text. */
export function pathOf(property: string): Path | undefined {
  const path: (string | number)[] = [];
  PART.lastIndex = 0;
  while (PART.lastIndex < property.length) {
    const match = PART.exec(property);
    if (match === null) return undefined;
    const [, key, index, quoted] = match;
    if (index !== undefined) path.push(Number(index));
    else path.push(key ?? unquote(quoted ?? '""'));
  }
  return path;
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
