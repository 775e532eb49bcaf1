import { blockBytes } from './block-bytes.js';
import type { BlockImage } from './block-image.js';
import type { EncodedFile } from './context.js';

/** A file of an artifact that is a block image. */
export function imageFile(role: string, image: BlockImage): EncodedFile {
  return { role, image, bytes: ({ reuse = false } = {}) => (reuse ? blockBytes(image) : ownBytes(image)) };
}

/** All the bytes of an image, in chunks that stay as they are: for whoever holds one while it asks for the next. */
export async function* ownBytes(image: BlockImage): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const bytes of blockBytes(image)) yield Buffer.from(bytes);
}
