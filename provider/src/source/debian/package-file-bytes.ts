import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Digest } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import { StoreError } from '../../store/error.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';

export interface PutPackageFileOptions {
  readonly store: Store;
  /** The path is relative to this folder. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Where the reference stands in the spec, for errors. */
  readonly property?: string | undefined;
  /** What it was when it was locked. */
  readonly expect?: Pick<PinnedPackage, 'digest' | 'sizeBytes'>;
}

const MAX_BYTES = 4 * 2 ** 30;

/**
 * Puts a package file of the user into the store.
 * @throws {SourceError} `unreadable`, also for more than 4 GiB; `changed` where it is not what was locked any more.
 * @throws {StoreError}
 */
export async function putPackageFile(
  path: string,
  { store, directory, signal, property, expect }: PutPackageFileOptions,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const context = { path, ...(property === undefined ? {} : { property }) };
  try {
    const chunks = createReadStream(resolve(directory, path), { signal, highWaterMark: 1 << 18 });
    return await store.put(chunks, { signal, maxBytes: MAX_BYTES, ...(expect ? { expect } : {}) });
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof StoreError && cause.code === 'corrupt') {
      throw new SourceError('changed', `Cannot use ${path}: it is not what was locked any more; lock the image again`, {
        cause,
        context,
      });
    }
    if (cause instanceof StoreError && cause.code !== 'too-large') throw cause;
    const code = (cause as NodeJS.ErrnoException).code;
    const what = code === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw new SourceError('unreadable', `Cannot read ${path}: ${what}; wanted a package file`, { cause, context });
  }
}
