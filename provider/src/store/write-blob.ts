import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { release } from '../format/release.js';
import type { Digest } from '../model/digest.js';
import { errnoOf, StoreError } from './error.js';

export interface PutOptions {
  /** What the bytes must turn out to be; where they do not, nothing is stored. */
  readonly expect?: { readonly digest?: Digest | undefined; readonly sizeBytes?: number | undefined };
  /** Refuse to take more than this. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** Bytes that have been stored. */
export interface Stored {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Large enough that the cost of a system call does not matter, small enough for many streams at once. */
export const STREAM_CHUNK_BYTES = 1 << 20;
const WRITE_BYTES = 1 << 18;

/** Bytes that are all there already, in pieces that are quickly digested, so that others get their turn. */
export function* piecesOf(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += STREAM_CHUNK_BYTES) yield data.subarray(at, at + STREAM_CHUNK_BYTES);
}

/**
 * Writes bytes to a new file and sees to it that they are on the disk.
 * @param options.writing wraps the operations on the file, so that their failures are told from those of the data.
 * @throws {StoreError} `corrupt` when the bytes are not as expected, `too-large`; and what `chunks` throws.
 */
export async function writeBlob(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
  options: PutOptions & { readonly writing: <T>(operation: Promise<T>) => Promise<T> },
): Promise<Stored> {
  const { writing, expect = {}, signal } = options;
  const hash = createHash('sha256');
  const limit = Math.min(options.maxBytes ?? Number.MAX_SAFE_INTEGER, expect.sizeBytes ?? Number.MAX_SAFE_INTEGER);
  let sizeBytes = 0;
  const file = await writing(open(path, 'wx', 0o600));
  const gathered = new GatheredWrites((bytes) => writing(writeFully(file, bytes)));
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limit) throw tooLong(limit, limit === expect.sizeBytes);
      hash.update(chunk);
      await gathered.write(chunk);
    }
    signal?.throwIfAborted();
    await gathered.flush();
    await writing(file.sync());
  } finally {
    gathered.release();
    await file.close();
  }
  const stored: Stored = { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
  checkExpected(stored, expect);
  return stored;
}

/** Moves a finished file to its final name, also through a crash: afterwards it is there whole, or not at all. */
export async function renameInto(temporary: string, path: string): Promise<void> {
  await rename(temporary, path).catch(async (error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
  });
}

/** Archives come as many small pieces, and a system call for each would cost more than their bytes. */
class GatheredWrites {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #room: Buffer<ArrayBuffer> | undefined;
  #held = 0;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** Afterwards the chunk is written, or copied. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#held + chunk.byteLength > WRITE_BYTES) await this.flush();
    if (chunk.byteLength >= WRITE_BYTES) return await this.#write(chunk);
    this.#room ??= Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#room.set(chunk, this.#held);
    this.#held += chunk.byteLength;
  }

  async flush(): Promise<void> {
    if (this.#room === undefined || this.#held === 0) return;
    await this.#write(this.#room.subarray(0, this.#held));
    this.#held = 0;
  }

  release(): void {
    if (this.#room !== undefined) release([this.#room]);
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    done += (await file.write(bytes, done, bytes.byteLength - done)).bytesWritten;
  }
}

function checkExpected(stored: Stored, expect: NonNullable<PutOptions['expect']>): void {
  if (expect.sizeBytes !== undefined && expect.sizeBytes !== stored.sizeBytes) {
    throw mismatch('sizeBytes', { got: `${stored.sizeBytes}`, want: `${expect.sizeBytes}` });
  }
  if (expect.digest !== undefined && expect.digest !== stored.digest) {
    throw mismatch('digest', { got: stored.digest, want: expect.digest });
  }
}

function mismatch(what: 'digest' | 'sizeBytes', values: { readonly got: string; readonly want: string }): StoreError {
  const unit = what === 'digest' ? 'digest' : 'size in bytes';
  const { got, want } = values;
  return new StoreError('corrupt', `Cannot store a blob: its ${unit} is ${got}; wanted ${want}`, {
    context: { got, want, property: what },
  });
}

function tooLong(limitBytes: number, expected: boolean): StoreError {
  const values = { got: `more than ${limitBytes}`, want: `${expected ? '' : 'at most '}${limitBytes}` };
  if (expected) return mismatch('sizeBytes', values);
  return new StoreError('too-large', `Cannot store a blob: it has more than ${limitBytes} bytes; that is the limit`, {
    context: values,
  });
}
