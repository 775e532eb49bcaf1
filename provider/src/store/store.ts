import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Digest, Json } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { errnoOf, StoreError, storeError } from './error.js';
import { decodeFact, encodeFact, readFactFile } from './fact.js';
import { Lease } from './lease.js';
import { removeLeftOvers } from './left-overs.js';
import { makeFolder } from './make-folder.js';
import { OpenFiles } from './open-files.js';
import { blobPath, blobsFolder, factPath, factsFolder, leasesFolder, marksFolder, temporaryFolder } from './places.js';
import { SoundBlobs } from './sound-blobs.js';
import { Turns } from './turns.js';
import { type PutOptions, piecesOf, renameInto, STREAM_CHUNK_BYTES, type Stored, writeBlob } from './write-blob.js';

export type { PutOptions, Stored } from './write-blob.js';

export interface StoreOptions {
  /** Folders of other stores, which are read where this one does not have something, and never written. */
  readonly shared?: readonly string[];
  /** When the store is closed, what was not used for longest is removed down to this. Default: nothing is removed. */
  readonly maxBytes?: number | undefined;
  /** Called for each blob that is found damaged, and counts as not there from then on. */
  readonly onDamage?: (digest: Digest, path: string) => void;
}

/** The roots of a large image are made of two hundred packages, whose files are read in turns. */
const OPEN_FILES = 256;

/**
 * Content-addressed blobs in a folder, shared by all processes of a user. Under it lie
 * `blobs/sha256/<2 digits>/<64 digits>`, each complete and never changed; `marks`, which say when each was compared with
 * its digest, and when it was used last; `facts/<2 digits>/<64 digits>.json`, small things derived from blobs;
 * `leases`, one for each running build; and `temporary/`, what is being written. All of it can be made again: whoever
 * removes a file while nobody uses it loses only time.
 */
export class Store implements AsyncDisposable {
  readonly directory: string;
  readonly #options: StoreOptions;
  readonly #blobs: SoundBlobs;
  readonly #files: OpenFiles;
  readonly #lease: Lease;
  readonly #turns = new Turns();
  /** Since the last pruning. */
  #writtenBytes = 0;

  private constructor(directory: string, options: StoreOptions) {
    this.directory = directory;
    this.#options = options;
    this.#blobs = new SoundBlobs({ directory, shared: options.shared ?? [], onDamage: options.onDamage ?? (() => {}) });
    this.#files = new OpenFiles((blob) => this.#blobs.open(blob), OPEN_FILES);
    this.#lease = new Lease(leasesFolder(directory));
  }

  /**
   * Opens the store in a folder, which is made if it is not there.
   * @throws {StoreError} `no-space`, `read-only` or `io` when it cannot be written; `bad-setting` where
   *   no folder can be made, as below `/proc`.
   */
  static async open(directory: string, options: StoreOptions = {}): Promise<Store> {
    const shared = (options.shared ?? []).map((folder) => resolve(folder));
    const store = new Store(resolve(directory), { ...options, shared });
    const temporary = temporaryFolder(store.directory);
    try {
      for (const folder of [blobsFolder, factsFolder, marksFolder, leasesFolder]) {
        await makeFolder(folder(store.directory));
      }
      await makeFolder(temporary, { mode: 0o700 });
      await access(temporary, constants.W_OK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw noPlace(store.directory);
      throw storeError(error, { what: 'open the store in', path: store.directory });
    }
    await removeLeftOvers(temporary, Date.now());
    return store;
  }

  /** Where the blob of that digest was found, else where it would lie. */
  pathOf(digest: Digest): string {
    return this.#blobs.pathOf(digest) ?? blobPath(this.directory, digest);
  }

  /** Whether the blob is there, and sound. It stays until the store is closed, whatever is pruned. */
  async has(digest: Digest): Promise<boolean> {
    return (await this.#find(digest)) !== undefined;
  }

  /** How large the blob is; undefined where it is not there, or not sound. It stays as with has(). */
  async sizeOf(digest: Digest): Promise<number | undefined> {
    return (await this.#find(digest))?.sizeBytes;
  }

  /**
   * Stores bytes under their digest. Returns when they are safely on disk; storing what is there already is cheap.
   * A chunk may be altered when the next one is asked for. With an expected digest that is there already, `data` is
   * not read.
   * @throws {StoreError} `corrupt` when digest or size is not the expected one, `too-large`, `no-space`, `io`;
   *   and whatever `data` throws. In all cases nothing is left behind.
   */
  async put(data: AsyncIterable<Uint8Array> | Uint8Array, options: PutOptions = {}): Promise<Stored> {
    const { expect } = options;
    if (expect?.digest !== undefined) {
      const found = await this.#find(expect.digest);
      if (found !== undefined && found.sizeBytes === (expect.sizeBytes ?? found.sizeBytes)) {
        if (!(data instanceof Uint8Array)) await data[Symbol.asyncIterator]().return?.();
        return { digest: expect.digest, sizeBytes: found.sizeBytes };
      }
    }
    this.#lease.hold();
    const chunks = data instanceof Uint8Array ? piecesOf(data) : data;
    return await this.#withTemporaryFile(async (temporary) => {
      const writing = <T>(operation: Promise<T>): Promise<T> => this.#writing(operation);
      const stored = await writeBlob(chunks, temporary, { ...options, writing });
      await this.#writing(chmod(temporary, 0o444));
      await this.#writing(renameInto(temporary, blobPath(this.directory, stored.digest)));
      this.#writtenBytes += stored.sizeBytes;
      this.#blobs.written(stored.digest);
      await this.#files.forget(stored.digest);
      return stored;
    });
  }

  /**
   * A part of a blob, which is compared with its digest before the first part of it is read.
   * @throws {StoreError} `missing`, or `corrupt` when the blob was damaged or is shorter than the range says.
   */
  async read(range: BlobRange): Promise<Buffer> {
    // Refuses what is no digest.
    const path = blobPath(this.directory, range.blob);
    this.#lease.hold();
    await this.#turns.give();
    try {
      return await this.#files.use(range.blob, async (file) => {
        checkRange(range, file.sizeBytes);
        const bytes = await file.read(range.offset, range.sizeBytes);
        if (bytes.length < range.sizeBytes) throw tooShort(range, range.offset + bytes.length);
        return bytes;
      });
    } catch (error) {
      throw storeError(error, { what: 'read', path });
    }
  }

  /** The same as `read`, into bytes of the caller's, which must be as long as the range. */
  async readInto(range: BlobRange, target: Uint8Array): Promise<void> {
    if (target.byteLength !== range.sizeBytes) {
      throw new RangeError(`Cannot read ${range.sizeBytes} bytes into ${target.byteLength}`);
    }
    const path = blobPath(this.directory, range.blob);
    this.#lease.hold();
    await this.#turns.give();
    try {
      await this.#files.use(range.blob, async (file) => {
        checkRange(range, file.sizeBytes);
        const done = await file.readInto(range.offset, target);
        if (done < range.sizeBytes) throw tooShort(range, range.offset + done);
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
    await this.#turns.give();
    for (const folder of [this.directory, ...(this.#options.shared ?? [])]) {
      const own = folder === this.directory;
      const path = factPath(folder, key);
      try {
        const text = readFactFile(path, own ? Date.now() : undefined);
        const fact = text === undefined ? undefined : decodeFact(text);
        if (fact?.key === key) return fact.value;
      } catch (error) {
        if (own) throw storeError(error, { what: 'read', path });
      }
    }
    return undefined;
  }

  /** Keeps a small value, derived from blobs, under a key that names all it was derived from. The last one wins. */
  async remember(key: string, value: Json): Promise<void> {
    // Not flushed to disk: after a crash an empty file counts as forgotten.
    await this.#withTemporaryFile(async (temporary) => {
      await this.#writing(writeFile(temporary, encodeFact({ key, value }), { flag: 'wx' }));
      await this.#writing(renameInto(temporary, factPath(this.directory, key)));
    });
  }

  /** Runs `use` with a new, empty folder in the store's file system, and removes the folder afterwards. */
  async temporary<T>(use: (directory: string) => Promise<T>): Promise<T> {
    const directory = await this.#writing(mkdtemp(join(temporaryFolder(this.directory), 'folder-')));
    try {
      return await use(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * Ends the build: closes the files that reading keeps open, no longer holds what was used, and prunes the store if it
   * has a limit and may have grown past it. The store can be used on, as by a new build.
   */
  async close(): Promise<void> {
    await this.#files.close();
    this.#blobs.forget();
    this.#lease.release();
    const { maxBytes } = this.#options;
    const writtenBytes = this.#writtenBytes;
    this.#writtenBytes = 0;
    if (maxBytes === undefined || writtenBytes === 0) return;
    const { pruneIfDue } = await import('./prune.js');
    await pruneIfDue(this.directory, { maxBytes, writtenBytes, nowMs: Date.now() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #find(digest: Digest): Promise<{ readonly sizeBytes: number } | undefined> {
    // Before it is looked for: who prunes looks at leases after taking a blob away.
    this.#lease.hold();
    return await this.#blobs.find(digest);
  }

  /** Runs `use` with the path of a file that is not there yet, and sees to it that none is there afterwards. */
  async #withTemporaryFile<T>(use: (path: string) => Promise<T>): Promise<T> {
    const path = join(temporaryFolder(this.directory), randomUUID());
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
}

function noPlace(path: string): StoreError {
  return new StoreError(
    'bad-setting',
    `Cannot open the store in ${path}: no folder can be made there; put the cache elsewhere (INGOT_CACHE)`,
    { context: { path } },
  );
}

function checkRange(range: BlobRange, fileBytes: number): void {
  const { offset, sizeBytes } = range;
  const good = Number.isSafeInteger(offset) && Number.isSafeInteger(sizeBytes) && offset >= 0 && sizeBytes >= 0;
  if (good && offset + sizeBytes <= fileBytes) return;
  throw tooShort(range, fileBytes);
}

function tooShort({ blob, offset, sizeBytes }: BlobRange, fileBytes: number): StoreError {
  const what = `Cannot read ${sizeBytes} bytes from ${offset} of blob ${blob}`;
  return new StoreError(
    'corrupt',
    `${what}: it has ${fileBytes} bytes; \`ingot cache verify\` removes what is damaged`,
    {
      context: { path: blob, got: `${fileBytes}`, want: `${offset + sizeBytes}` },
    },
  );
}
