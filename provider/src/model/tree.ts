import { canonicalJson, type Digest, type Json, sha256 } from './digest.js';
import type { Attributes, BlobRange } from './layer.js';

/** A part of the tree with a life of its own; encoders cache and place each by itself. */
export interface Component {
  /** Unique, stable from build to build: `kernel`, `init`, `services/web`, `services/web/libc6`, `files`. */
  readonly id: string;
  readonly kind: 'kernel' | 'init' | 'package' | 'image' | 'container' | 'files';
}

/** Bytes of a file: in the store, or made here and small. */
export type Content =
  | (BlobRange & { readonly sha256: Digest })
  | { readonly bytes: Uint8Array; readonly sizeBytes: number; readonly sha256: Digest };

export interface TreeEntry extends Attributes {
  /** Only for a file. A hardlink's `link` is the path of the file that has the content. */
  readonly content?: Content;
  /** Id of the component it belongs to. */
  readonly component: string;
}

/** The whole root file system: every path once, parents before children, sorted by the bytes of the path. */
export interface Tree {
  readonly entries: readonly TreeEntry[];
  /** In the order they should lie in an image: what changes seldom first. */
  readonly components: readonly Component[];
}

/** Identity of a tree: its entries, whichever blobs the bytes lie in. */
export function treeDigest(tree: Tree): Digest {
  const lines = tree.entries.map((entry) => {
    const { content, ...attributes } = entry;
    return canonicalJson({ ...attributes, sha256: content?.sha256, sizeBytes: content?.sizeBytes } as Json);
  });
  return sha256(lines.join('\n'));
}
