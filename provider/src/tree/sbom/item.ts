import { type Digest, hexOf, sha256 } from '../../model/index.js';

/** What a part of an image is. */
export type ItemKind = 'package' | 'image' | 'folder' | 'kernel' | 'init' | 'file';

/** A part of an image that an SBOM names. What is not known is left out. */
export interface Item {
  readonly kind: ItemKind;
  /** Unique in an image, and the same as long as the part is: letters, digits, `.` and `-`. */
  readonly id: string;
  readonly name: string;
  readonly version?: string;
  /** The package URL. */
  readonly url?: string;
  readonly architecture?: string;
  readonly sha256?: string;
  readonly sha1?: string;
  /** The source package. */
  readonly source?: string;
  /** Terms that hold together: expressions of SPDX, or what whoever made the part calls them. */
  readonly licences?: readonly string[];
  /** Who gives it out. */
  readonly supplier?: string;
  /** What the reference to it is in the spec, for an image or folder. */
  readonly reference?: string;
  /** Ids of what it is in, sorted; empty for the whole image. */
  readonly within: readonly string[];
  /** What of the spec it is there for, sorted: `kernel`, `init`, `packages`, `services/web`. */
  readonly places: readonly string[];
}

/** @param key All that makes the part another one than every other of its kind. */
export function itemId(kind: ItemKind, name: string, key: string): string {
  return `${kind}-${readablePart(name)}${hexOf(sha256(`${kind} ${key}`)).slice(0, 16)}`;
}

/** What of a name may stand in an id, with a dash after it; empty where nothing may. */
export function readablePart(name: string): string {
  const readable = name
    .replace(/[^A-Za-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
  return readable === '' ? '' : `${readable}-`;
}

/** Sorted, each once. */
export function distinct(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}

export function hexOrNothing(digest: Digest | undefined): { readonly sha256?: string } {
  return digest === undefined ? {} : { sha256: hexOf(digest) };
}
