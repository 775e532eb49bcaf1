import type { Span } from './excerpt.js';
import type { Path } from './property.js';

/** The most values that a source may hold, with its aliases written out. 20,000 files of five lines each fit. */
export const MAX_VALUES = 200_000;
/** LinuxKit's schema is seven deep; this leaves room, and keeps every recursion here shallow. */
export const MAX_DEPTH = 32;

/** A plain value with the places in the text that it and its parts came from; no places for an object. */
export interface Located {
  readonly value: unknown;
  readonly span?: Span;
  /** By key, or by index as text. Aliases share what they stand for. */
  readonly children?: ReadonlyMap<string, { readonly located: Located; readonly key?: Span }>;
  /** How many values it holds, itself included and aliases written out. */
  readonly values: number;
}

/** The place of what a path names: itself, or the nearest thing around it that is there. */
export function spanOf(root: Located, path: Path): Span | undefined {
  let found: Located | undefined = root;
  let span = root.span;
  for (const part of path) {
    const child: { located: Located; key?: Span } | undefined = found?.children?.get(String(part));
    // A key whose value is left out has the only place there is.
    span = child?.located.span ?? child?.key ?? span;
    found = child?.located;
  }
  return span;
}

/** The place of the key that a path ends in, or of what is nearest. */
export function keySpanOf(root: Located, path: Path): Span | undefined {
  const parent = locate(root, path.slice(0, -1));
  return parent?.children?.get(String(path.at(-1)))?.key ?? spanOf(root, path);
}

/** What a path names, or nothing where it is not there. */
export function locate(root: Located, path: Path): Located | undefined {
  let found: Located | undefined = root;
  for (const part of path) found = found?.children?.get(String(part))?.located;
  return found;
}
