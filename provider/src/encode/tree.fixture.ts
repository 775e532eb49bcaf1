import { type Digest, sha256 } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import type { Component, Tree, TreeEntry } from '../model/tree.js';
import type { EncodeContext } from './context.js';

/** Trees, and a content store in memory: for tests only. */

export type PartialEntry = Partial<TreeEntry> & Pick<TreeEntry, 'path' | 'type'>;

const DEFAULTS = { mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 1492533000, component: 'base' };

/** Entries with what they leave out filled in, sorted, and the folders that are missing added. */
export function treeOf(entries: readonly PartialEntry[]): Tree {
  const all = new Map<string, TreeEntry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/');
      if (!all.has(path)) all.set(path, { ...DEFAULTS, path, type: 'directory', mode: 0o755 });
    }
    all.set(entry.path, { ...DEFAULTS, ...(entry.type === 'directory' ? { mode: 0o755 } : {}), ...entry });
  }
  const sorted = [...all.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const ids = [...new Set(['base', ...entries.map(({ component }) => component ?? 'base')])];
  const components: Component[] = ids.map((id) => ({ id, kind: 'package' }));
  return { entries: sorted, components };
}

/** A file whose bytes are in the tree itself. */
export function file(path: string, text: string | Uint8Array, rest: Partial<TreeEntry> = {}): PartialEntry {
  const bytes = Buffer.from(text);
  return { path, type: 'file', content: { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) }, ...rest };
}

/** Blobs by digest; counts what is read from it and what is made for it. */
export class MemoryStore {
  readonly blobs = new Map<Digest, Buffer>();
  readonly memos = new Map<string, BlobRange>();
  readonly made: string[] = [];
  reads = 0;
  readonly #chunkBytes: number;

  constructor(options: { readonly chunkBytes?: number } = {}) {
    this.#chunkBytes = options.chunkBytes ?? 100_000;
  }

  put(bytes: Uint8Array): Digest {
    const digest = sha256(bytes);
    this.blobs.set(digest, Buffer.from(bytes));
    return digest;
  }

  /** A file that lies in a blob, as one in a layer does. */
  stored(path: string, range: BlobRange, rest: Partial<TreeEntry> = {}): PartialEntry {
    const blob = this.blobs.get(range.blob) as Buffer;
    const body = blob.subarray(range.offset, range.offset + range.sizeBytes);
    return { path, type: 'file', content: { ...range, sha256: sha256(body) }, ...rest };
  }

  context(signal: AbortSignal = new AbortController().signal): EncodeContext {
    return {
      read: (range) => this.#read(range),
      readInto: (range, target) => this.#readInto(range, target),
      memo: (key, make) => this.#memo(key, make),
      signal,
    };
  }

  async *#read({ blob, offset, sizeBytes }: BlobRange): AsyncGenerator<Uint8Array> {
    this.reads += 1;
    const bytes = this.blobs.get(blob);
    if (bytes === undefined) throw new Error(`there is no blob ${blob}`);
    for (let at = offset; at < offset + sizeBytes; at += this.#chunkBytes) {
      yield bytes.subarray(at, Math.min(at + this.#chunkBytes, offset + sizeBytes));
    }
  }

  async #readInto({ blob, offset, sizeBytes }: BlobRange, target: Uint8Array): Promise<void> {
    this.reads += 1;
    const bytes = this.blobs.get(blob)?.subarray(offset, offset + sizeBytes);
    if (bytes?.length !== sizeBytes || target.length !== sizeBytes) throw new Error(`blob ${blob} is too short`);
    target.set(bytes);
  }

  async #memo(key: string, make: () => AsyncIterable<Uint8Array>): Promise<BlobRange> {
    const known = this.memos.get(key);
    if (known !== undefined) return known;
    const chunks: Uint8Array[] = [];
    for await (const chunk of make()) chunks.push(Uint8Array.from(chunk));
    const bytes = Buffer.concat(chunks);
    const range = { blob: this.put(bytes), offset: 0, sizeBytes: bytes.length };
    this.memos.set(key, range);
    this.made.push(key);
    return range;
  }
}
