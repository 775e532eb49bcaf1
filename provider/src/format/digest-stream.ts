import { createHash } from 'node:crypto';
import type { Digest } from '../model/digest.js';
import { FormatError } from './error.js';

export interface Digested {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/**
 * Passes chunks on unchanged; when they end, reports their digest and size.
 * @throws whatever `end` throws: in place of the end, so that a reader cannot miss it.
 */
export async function* digestStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  end: (digested: Digested) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
    yield chunk;
  }
  end({ digest: `sha256:${hash.digest('hex')}`, sizeBytes });
}

/**
 * Passes chunks on unchanged, up to a limit.
 * @throws {FormatError} `too-large` instead of the first chunk that goes beyond the limit.
 */
export async function* limitStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limit: { readonly maxBytes: number; readonly of: string },
): AsyncGenerator<Uint8Array, void, undefined> {
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > limit.maxBytes) {
      throw new FormatError('too-large', `Cannot read ${limit.of}: it has more than ${limit.maxBytes} bytes`);
    }
    yield chunk;
  }
}
