import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Digest } from '../model/digest.js';
import type { Progress } from '../model/progress.js';
import { digestFile } from './digest-file.js';
import { errnoOf, storeError } from './error.js';
import { decodeFact } from './fact.js';
import { setMark } from './mark.js';
import { temporaryFolder } from './places.js';
import { type StoredBlob, survey } from './survey.js';
import { isSameFile, takeOut } from './take-out.js';

export interface Verified {
  readonly blobs: number;
  readonly facts: number;
  readonly sizeBytes: number;
  /** In the order in which they were found; removed, unless `keep` was set. */
  readonly damaged: readonly { readonly path: string; readonly digest?: Digest; readonly sizeBytes: number }[];
}

/**
 * Compares everything in the folder of a store with its digest, and removes what is damaged. Whatever uses the store
 * meanwhile is not disturbed; what is in use stays in use.
 * @param options.keep remove nothing, as in a folder that may not be written.
 * @throws {StoreError} where the folder cannot be read or written.
 */
export async function verify(
  directory: string,
  options: { readonly signal: AbortSignal; readonly progress: Progress; readonly keep?: boolean },
): Promise<Verified> {
  try {
    return await verifyFolder(directory, options);
  } catch (error) {
    throw storeError(error, { what: 'verify the store in', path: directory });
  }
}

async function verifyFolder(
  directory: string,
  { signal, progress, keep }: { readonly signal: AbortSignal; readonly progress: Progress; readonly keep?: boolean },
): Promise<Verified> {
  const found = await survey(directory, signal);
  const blobs = [...found.blobs].sort((left, right) => (left.digest < right.digest ? -1 : 1));
  const total = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const damaged: { path: string; digest?: Digest; sizeBytes: number }[] = [];
  let done = 0;
  for (const blob of blobs) {
    progress({ step: 'verifying the cache', done, total });
    done += blob.sizeBytes;
    if (await isSound(blob, { directory, signal, keep: keep === true })) continue;
    damaged.push({ path: blob.path, digest: blob.digest, sizeBytes: blob.sizeBytes });
  }
  for (const { path, sizeBytes } of found.facts) {
    const text = readQuietly(path);
    if (text === undefined || decodeFact(text) !== undefined) continue;
    damaged.push({ path, sizeBytes });
    if (keep !== true) await rm(path, { force: true });
  }
  return { blobs: blobs.length, facts: found.facts.length, sizeBytes: total, damaged };
}

/** What is gone meanwhile counts as sound. */
async function isSound(
  { path, digest, lastUsedMs }: StoredBlob,
  { directory, signal, keep }: { readonly directory: string; readonly signal: AbortSignal; readonly keep: boolean },
): Promise<boolean> {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return true;
  let got: Digest | undefined;
  try {
    got = await digestFile(path, signal);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    if (errnoOf(error) !== 'EIO') throw error;
  }
  if (got === digest) {
    // To be verified is not to be used.
    if (!keep) setMark({ digest, directory, status }, { checkedMs: Date.now(), usedMs: lastUsedMs });
    return true;
  }
  if (keep) return false;
  const unwanted = (moved: string) => isSameFile(moved, status);
  return !(await takeOut(path, { temporary: temporaryFolder(directory), unwanted }));
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
