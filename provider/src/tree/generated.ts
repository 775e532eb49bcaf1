import { type BlobRange, type Content, sha256 } from '../model/index.js';
import { TreeError } from './error.js';
import type { Leaf, Read } from './root.js';

/** Content that is made here. */
export function generated(data: string | Uint8Array): Content {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  return { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
}

/** The largest file that is ever read while a tree is put together: `modules.alias` of a full kernel has 1.5 MB. */
export const MAX_READ_BYTES = 16 * 1024 * 1024;

/** The bytes of a file that has to be looked into. */
export async function bytesOf(content: Content, read: Read): Promise<Uint8Array> {
  if ('bytes' in content) return content.bytes;
  if (content.sizeBytes > MAX_READ_BYTES) {
    throw new TreeError(
      'bad-layer',
      `Cannot read a file of a layer: it has ${content.sizeBytes} bytes; at most ${MAX_READ_BYTES} are read`,
    );
  }
  const range: BlobRange = { blob: content.blob, offset: content.offset, sizeBytes: content.sizeBytes };
  return await read(range);
}

/** The text of a leaf; empty for what is not a file. */
export async function textOf(leaf: Leaf, read: Read): Promise<string> {
  if (leaf.content === undefined) return '';
  return new TextDecoder().decode(await bytesOf(leaf.content, read));
}
