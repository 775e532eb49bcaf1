import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  chmod,
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Digest, hexOf, isDigest, type Json, sha256 } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { errnoOf, StoreError, storeError } from './error.js';
import { removeLeftOvers } from './left-overs.js';
import { OpenFiles } from './open-files.js';

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

const OPEN_FILES = 16;
/** Large enough that the cost of a system call does not matter, small enough for many streams at once. */
const STREAM_CHUNK_BYTES = 1 << 20;
const WRITE_BYTES = 1 << 18;

/**
 * Content-addressed blobs in a folder, shared by all processes of a user. Under it lie
 * `blobs/sha256/<2 digits>/<64 digits>`, each complete, verified and never changed;
 * `facts/<2 digits>/<64 digits>.json`, small things derived from blobs; and `temporary/`, what is being written.
 * All of it can be made again: whoever removes a file while nobody uses it loses only time.
 */
export class Store implements AsyncDisposable {
  readonly directory: string;
  readonly #files = new OpenFiles(OPEN_FILES);

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Opens the store in a folder, which is made if it is not there.
   * @throws {StoreError} `no-space`, `read-only` or `io` when it cannot be written.
   */
  static async open(directory: string): Promise<Store> {
    const store = new Store(resolve(directory));
    try {
      await mkdir(join(store.directory, 'blobs', 'sha256'), { recursive: true });
      await mkdir(join(store.directory, 'facts'), { recursive: true });
      await mkdir(store.#temporaryFolder(), { recursive: true, mode: 0o700 });
      await access(store.#temporaryFolder(), constants.W_OK);
    } catch (error) {
      const reason = await reasonAbove(store.directory, error);
      throw storeError(reason, { what: 'open the store in', path: store.directory });
    }
    await removeLeftOvers(store.#temporaryFolder(), Date.now());
    return store;
  }

  /** Where the blob of that digest lies, or would lie. */
  pathOf(digest: Digest): string {
    // What comes from a file or a mirror must not become a path before it is known to be a digest.
    if (!isDigest(digest)) throw new RangeError(`Cannot find a blob: ${JSON.stringify(digest)} is not a digest`);
    const hex = hexOf(digest);
    return join(this.directory, 'blobs', 'sha256', hex.slice(0, 2), hex);
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.#sizeOf(digest)) !== undefined;
  }

  /**
   * Stores bytes under their digest. Returns when they are safely on disk; storing what is there already is cheap.
   * Chunks are kept until written: they must not be altered once they are given. With an expected digest that is there already, `data` is not read.
   * @throws {StoreError} `corrupt` when digest or size is not the expected one, `too-large`, `no-space`, `io`;
   *   and whatever `data` throws. In all cases nothing is left behind.
   */
  async put(data: AsyncIterable<Uint8Array> | Uint8Array, options: PutOptions = {}): Promise<Stored> {
    const { expect } = options;
    if (expect?.digest !== undefined) {
      const sizeBytes = await this.#sizeOf(expect.digest);
      // A blob of another size than it should have is damaged: it is written again.
      if (sizeBytes !== undefined && sizeBytes === (expect.sizeBytes ?? sizeBytes)) {
        if (!(data instanceof Uint8Array)) await data[Symbol.asyncIterator]().return?.();
        return { digest: expect.digest, sizeBytes };
      }
    }
    const chunks = data instanceof Uint8Array ? piecesOf(data) : data;
    return await this.#withTemporaryFile(async (temporary) => {
      const stored = await this.#write(chunks, temporary, options);
      checkExpected(stored, expect ?? {});
      await this.#writing(chmod(temporary, 0o444));
      const path = this.pathOf(stored.digest);
      await this.#writing(renameInto(temporary, path));
      await this.#files.forget(path);
      return stored;
    });
  }

  /**
   * A part of a blob.
   * @throws {StoreError} `missing`, or `corrupt` when the blob is shorter than the range says.
   */
  async read(range: BlobRange): Promise<Buffer> {
    const path = this.pathOf(range.blob);
    try {
      return await this.#files.use(path, async (file) => {
        checkRange(range, file.sizeBytes);
        const bytes = await file.read(range.offset, range.sizeBytes);
        if (bytes.length < range.sizeBytes) throw tooShort(range, range.offset + bytes.length);
        return bytes;
      });
    } catch (error) {
      throw storeError(error, { what: 'read', path });
    }
  }

  /** The same as `read`, in chunks of at most 1 MiB, so that memory does not grow with the range. */
  async *stream(range: BlobRange, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    const end = range.offset + range.sizeBytes;
    for (let offset = range.offset; offset < end; offset += STREAM_CHUNK_BYTES) {
      signal?.throwIfAborted();
      yield await this.read({ blob: range.blob, offset, sizeBytes: Math.min(STREAM_CHUNK_BYTES, end - offset) });
    }
  }

  /** What was remembered under that key last; undefined if nothing was, or if it got lost or damaged. */
  async recall(key: string): Promise<Json | undefined> {
    const path = this.#factPath(key);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw storeError(error, { what: 'read', path });
    });
    if (text === undefined) return undefined;
    try {
      const fact = JSON.parse(text) as { readonly key?: Json; readonly value?: Json } | null;
      return fact?.key === key ? fact.value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps a small value, derived from blobs, under a key that names all it was derived from. The last one wins. */
  async remember(key: string, value: Json): Promise<void> {
    // Not flushed to disk: after a crash an empty file counts as forgotten.
    await this.#withTemporaryFile(async (temporary) => {
      await this.#writing(writeFile(temporary, JSON.stringify({ key, value }), { flag: 'wx' }));
      await this.#writing(renameInto(temporary, this.#factPath(key)));
    });
  }

  /** Runs `use` with a new, empty folder in the store's file system, and removes the folder afterwards. */
  async temporary<T>(use: (directory: string) => Promise<T>): Promise<T> {
    const directory = await this.#writing(mkdtemp(join(this.#temporaryFolder(), 'folder-')));
    try {
      return await use(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** Closes the files that reading keeps open. The store can be used on. */
  async close(): Promise<void> {
    await this.#files.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #temporaryFolder(): string {
    return join(this.directory, 'temporary');
  }

  #factPath(key: string): string {
    const hex = hexOf(sha256(key));
    return join(this.directory, 'facts', hex.slice(0, 2), `${hex}.json`);
  }

  async #sizeOf(digest: Digest): Promise<number | undefined> {
    const path = this.pathOf(digest);
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw storeError(error, { what: 'look for', path });
    }
  }

  /** Runs `use` with the path of a file that is not there yet, and sees to it that none is there afterwards. */
  async #withTemporaryFile<T>(use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#temporaryFolder(), randomUUID());
    try {
      return await use(path);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** Names failures of the store's own file operations as such; those of whoever gives the data stay theirs. */
  async #writing<T>(operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      throw storeError(error, { what: 'write to the store in', path: this.directory });
    }
  }

  async #write(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    path: string,
    options: PutOptions,
  ): Promise<Stored> {
    const hash = createHash('sha256');
    const wanted = options.expect?.sizeBytes;
    const limit = Math.min(options.maxBytes ?? Number.MAX_SAFE_INTEGER, wanted ?? Number.MAX_SAFE_INTEGER);
    let sizeBytes = 0;
    let held: Uint8Array[] = [];
    let heldBytes = 0;
    const file = await this.#writing(open(path, 'wx', 0o600));
    try {
      for await (const chunk of chunks) {
        options.signal?.throwIfAborted();
        sizeBytes += chunk.byteLength;
        if (sizeBytes > limit) throw tooLong(limit, limit === wanted);
        hash.update(chunk);
        // Archives come as many small pieces; a system call for each would cost more than their bytes.
        held.push(chunk);
        heldBytes += chunk.byteLength;
        if (heldBytes < WRITE_BYTES) continue;
        await this.#writing(writeFully(file, held));
        held = [];
        heldBytes = 0;
      }
      options.signal?.throwIfAborted();
      await this.#writing(writeFully(file, held));
      await this.#writing(file.sync());
    } finally {
      await file.close();
    }
    return { digest: `sha256:${hash.digest('hex')}`, sizeBytes };
  }
}

/**
 * Why a folder cannot be made: Node reports a missing path where a folder above it cannot be written, which is what
 * people need to know.
 */
async function reasonAbove(directory: string, error: unknown): Promise<unknown> {
  if (errnoOf(error) !== 'ENOENT') return error;
  const parent = dirname(directory);
  const refused = await access(parent, constants.W_OK).catch((reason: unknown) => reason);
  if (refused === undefined || parent === directory) return error;
  return await reasonAbove(parent, refused);
}

/** Bytes that are all there already, in pieces that are quickly digested, so that others get their turn. */
function* piecesOf(data: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += STREAM_CHUNK_BYTES) yield data.subarray(at, at + STREAM_CHUNK_BYTES);
}

async function writeFully(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const chunk = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await file.write(chunk, done, chunk.byteLength - done)).bytesWritten;
  }
}

/** Moves a finished file to its final name, also through a crash: afterwards it is there whole, or not at all. */
async function renameInto(temporary: string, path: string): Promise<void> {
  await rename(temporary, path).catch(async (error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
  });
}

function checkRange(range: BlobRange, fileBytes: number): void {
  const { offset, sizeBytes } = range;
  const good = Number.isSafeInteger(offset) && Number.isSafeInteger(sizeBytes) && offset >= 0 && sizeBytes >= 0;
  if (good && offset + sizeBytes <= fileBytes) return;
  throw tooShort(range, fileBytes);
}

function tooShort({ blob, offset, sizeBytes }: BlobRange, fileBytes: number): StoreError {
  const what = `Cannot read ${sizeBytes} bytes from ${offset} of blob ${blob}`;
  return new StoreError('corrupt', `${what}: it has ${fileBytes} bytes; remove it, so that it is made again`, {
    context: { path: blob, got: `${fileBytes}`, want: `${offset + sizeBytes}` },
  });
}

function checkExpected(
  stored: Stored,
  expect: { readonly digest?: Digest | undefined; sizeBytes?: number | undefined },
) {
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
