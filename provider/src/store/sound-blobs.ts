import { type BigIntStats, statSync } from 'node:fs';
import type { Digest } from '../model/digest.js';
import { BlobFile } from './blob-file.js';
import { digestFile } from './digest-file.js';
import { errnoOf, StoreError, storeError } from './error.js';
import { setMark, stateOf, useMarked } from './mark.js';
import { blobPath, temporaryFolder } from './places.js';
import { isSameFile, putBack, takeOut } from './take-out.js';

/** A blob whose bytes are what its digest says. */
export interface SoundBlob {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface SoundBlobsOptions {
  /** Of the store's own folder, which may be written. */
  readonly directory: string;
  /** Of stores that are only read, in the order in which they are asked. */
  readonly shared: readonly string[];
  /** Called once for each blob that is found damaged. */
  readonly onDamage: (digest: Digest, path: string) => void;
}

/** More than there are processes that prune at once. */
const MAX_ATTEMPTS = 20;
/** As often in a row nobody is unlucky enough to look for a blob while it is away, and for who has it when it is back. */
const MAX_MISSES = 5;

/**
 * The blobs of a store and of those layered under it. A blob is compared with its digest before it is used for the first
 * time, when its file is not as it was at the last comparison, and after 30 days. One that is damaged is removed, as if
 * it had never been there, so that it is fetched or made again; in a shared store it is passed over.
 */
export class SoundBlobs {
  readonly #options: SoundBlobsOptions;
  /** What was found sound by this process, with the state that its file had. */
  readonly #known = new Map<Digest, SoundBlob & { readonly state: string }>();
  readonly #checks = new Map<string, Promise<boolean>>();
  readonly #damaged = new Set<Digest>();

  constructor(options: SoundBlobsOptions) {
    this.#options = options;
  }

  /** The blob, or undefined where there is none that is sound. */
  async find(digest: Digest): Promise<SoundBlob | undefined> {
    const { directory, shared } = this.#options;
    for (const folder of [directory, ...shared]) {
      const path = blobPath(folder, digest);
      const status = this.#statusOf(path, folder);
      if (status === undefined) continue;
      const state = stateOf(status);
      const known = this.#known.get(digest);
      if (known?.path === path && known.state === state) return known;
      const used = useMarked({ digest, directory, status }, Date.now());
      if (used === undefined && !(await this.#check(digest, { path, folder, status }))) continue;
      // Who took it away before it was said to be in use did not know; whoever does so from now on does.
      if (used !== 'recent' && this.#statusOf(path, folder) === undefined) continue;
      const found = { path, sizeBytes: Number(status.size), state };
      this.#known.set(digest, found);
      return found;
    }
    return undefined;
  }

  /**
   * The blob, open for reading.
   * @throws {StoreError} `missing`; `corrupt` when it was damaged, and is gone now.
   */
  async open(digest: Digest): Promise<BlobFile> {
    const path = blobPath(this.#options.directory, digest);
    let misses = 0;
    for (let attempt = 1; ; attempt++) {
      const found = await this.find(digest);
      try {
        if (found !== undefined) return await BlobFile.open(found.path);
      } catch (error) {
        const last = attempt === MAX_ATTEMPTS;
        if (errnoOf(error) !== 'ENOENT' || last) throw storeError(error, { what: 'read', path: found?.path ?? path });
      }
      // It may be on its way out in a process that is about to see that we use it, or it was until a moment ago.
      if (!(await putBack(path, temporaryFolder(this.#options.directory)))) misses += 1;
      if (misses === MAX_MISSES || attempt === MAX_ATTEMPTS) throw this.#notThere(digest);
    }
  }

  /** The path of a blob that find() has found last, if it has. */
  pathOf(digest: Digest): string | undefined {
    return this.#known.get(digest)?.path;
  }

  /** To be called for a blob that was just written, and digested while it was. */
  written(digest: Digest): void {
    const { directory } = this.#options;
    const status = this.#statusOf(blobPath(directory, digest), directory);
    this.#known.delete(digest);
    this.#damaged.delete(digest);
    if (status !== undefined) setMark({ digest, directory, status }, { checkedMs: Date.now() });
  }

  /** What is used from here on is marked as used again. */
  forget(): void {
    this.#known.clear();
  }

  #statusOf(path: string, folder: string): BigIntStats | undefined {
    try {
      return statSync(path, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      // A shared folder that cannot be read is as good as none.
      if (folder !== this.#options.directory) return undefined;
      throw storeError(error, { what: 'look for', path });
    }
  }

  #check(digest: Digest, found: Found): Promise<boolean> {
    const running = this.#checks.get(found.path);
    if (running !== undefined) return running;
    const check = this.#compare(digest, found).finally(() => this.#checks.delete(found.path));
    this.#checks.set(found.path, check);
    return check;
  }

  async #compare(digest: Digest, { path, folder, status }: Found): Promise<boolean> {
    const { directory, onDamage } = this.#options;
    const own = folder === directory;
    let got: Digest | undefined;
    try {
      got = await digestFile(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || !own) return false;
      // A disk that cannot give the bytes back has lost them.
      if (errnoOf(error) !== 'EIO') throw storeError(error, { what: 'read', path });
    }
    if (got === digest) {
      setMark({ digest, directory, status }, { checkedMs: Date.now() });
      return true;
    }
    // Meanwhile another process may have put a good one in its place.
    const unwanted = (moved: string) => isSameFile(moved, status);
    const temporary = temporaryFolder(directory);
    if (own && !(await takeOut(path, { temporary, unwanted }))) return false;
    this.#damaged.add(digest);
    onDamage(digest, path);
    return false;
  }

  #notThere(digest: Digest): StoreError {
    const { directory } = this.#options;
    const context = { path: blobPath(directory, digest) };
    const damaged = this.#damaged.has(digest);
    return damaged
      ? new StoreError('corrupt', `Cannot read ${context.path}: it was damaged, and is removed; run again`, { context })
      : new StoreError('missing', `Cannot read ${context.path}: it is not there; it was removed while in use`, {
          context,
        });
  }
}

interface Found {
  readonly path: string;
  /** The store's folder that it lies in. */
  readonly folder: string;
  readonly status: BigIntStats;
}
