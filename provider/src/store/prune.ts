import { statSync } from 'node:fs';
import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../model/digest.js';
import { storeError } from './error.js';
import { type BlobKind, kindsOfBlobs } from './kinds.js';
import { inUseSinceMs } from './lease.js';
import { marksOf } from './mark.js';
import { leasesFolder, temporaryFolder } from './places.js';
import { type StoredBlob, type StoredItem, survey } from './survey.js';
import { takeOut } from './take-out.js';

export interface PruneOptions {
  /** Remove until it is no larger. */
  readonly maxBytes?: number | undefined;
  /** Remove whatever was not used for so long. */
  readonly unusedForMs?: number | undefined;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  /** Only say what would go. */
  readonly dryRun?: boolean;
}

export interface Pruned {
  readonly removed: number;
  readonly removedBytes: number;
  readonly keptBytes: number;
  /** What would have gone, but may be in use by a running build. */
  readonly inUseBytes: number;
}

/**
 * Removes what was used longest ago, and before that what layers were made from: packages that are unpacked already are
 * needed again only where their layer is lost. Nothing goes that a running build has used, in this process or another.
 * Processes may use the store meanwhile, and prune it too.
 * @throws {StoreError} where the folder cannot be read or written.
 */
export async function prune(directory: string, options: PruneOptions): Promise<Pruned> {
  try {
    return await pruneFolder(directory, options);
  } catch (error) {
    throw storeError(error, { what: 'prune the store in', path: directory });
  }
}

/** Between two prunings that nobody asked for; a survey of a large store takes a noticeable time. */
const DUE_EVERY_MS = 60 * 60 * 1000;
/** Unless this part of the limit was written at once. */
const DUE_PART = 1 / 20;

/** Prunes a store if none has for an hour, or if much was written. Fails softly: this must not fail a build. */
export async function pruneIfDue(
  directory: string,
  {
    maxBytes,
    writtenBytes,
    nowMs,
  }: { readonly maxBytes: number; readonly writtenBytes: number; readonly nowMs: number },
): Promise<void> {
  const stamp = join(directory, 'pruned');
  try {
    const last = await stat(stamp).catch(() => undefined);
    // A time in milliseconds is not kept quite as it was given.
    const agoMs = nowMs - Math.floor(last?.mtimeMs ?? 0);
    if (agoMs >= 0 && agoMs < DUE_EVERY_MS && writtenBytes < maxBytes * DUE_PART) return;
    await writeFile(stamp, '');
    await utimes(stamp, nowMs / 1000, nowMs / 1000);
    await prune(directory, { maxBytes, nowMs });
  } catch {}
}

type Item = StoredItem & Partial<StoredBlob>;

async function pruneFolder(directory: string, options: PruneOptions): Promise<Pruned> {
  const {
    maxBytes = Number.POSITIVE_INFINITY,
    unusedForMs = Number.POSITIVE_INFINITY,
    nowMs,
    signal,
    dryRun,
  } = options;
  const found = await survey(directory, signal);
  const kinds = await kindsOfBlobs(found, signal);
  const since = await inUseSinceMs(leasesFolder(directory), nowMs);
  const items: Item[] = [...found.blobs, ...found.facts];
  items.sort((left, right) => rankOf(left, kinds) - rankOf(right, kinds) || left.lastUsedMs - right.lastUsedMs);

  let keptBytes = items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let removed = 0;
  let removedBytes = 0;
  let inUseBytes = 0;
  for (const item of items) {
    signal?.throwIfAborted();
    if (keptBytes <= maxBytes && nowMs - item.lastUsedMs <= unusedForMs) continue;
    const inUse = since !== undefined && item.lastUsedMs >= since;
    if (!inUse && (dryRun === true || (await remove(item, directory)))) {
      removed += 1;
      removedBytes += item.sizeBytes;
      keptBytes -= item.sizeBytes;
    } else inUseBytes += item.sizeBytes;
  }
  if (dryRun !== true) await removeMarks(found.looseMarks, nowMs);
  return { removed, removedBytes, keptBytes, inUseBytes };
}

function rankOf({ digest }: Item, kinds: ReadonlyMap<Digest, BlobKind>): number {
  return digest !== undefined && kinds.get(digest) === 'inputs' ? 0 : 1;
}

/** @returns false for what is in use. What another process has removed counts as removed. */
async function remove(item: Item, directory: string): Promise<boolean> {
  if (item.marks === undefined) {
    // A fact: whoever misses it finds the same out again.
    await rm(item.path, { force: true });
    return true;
  }
  let used = false;
  const unwanted = async (moved: string): Promise<boolean> => {
    used = await isInUseNow({ ...item, path: moved }, directory);
    return !used;
  };
  const removed = await takeOut(item.path, { temporary: temporaryFolder(directory), unwanted });
  // Where another process has it in its hands, that one looks at the marks, and may be about to put it back.
  if (removed) for (const mark of item.marks) await rm(mark, { force: true });
  return !used;
}

/** Since the survey a build may have begun, and have used what was not used for long, or have stored it again. */
async function isInUseNow({ path, lastUsedMs, digest }: Item, directory: string): Promise<boolean> {
  const since = await inUseSinceMs(leasesFolder(directory), Date.now());
  if (since === undefined) return false;
  // It may have got a mark that it did not have then.
  const marks = digest === undefined ? [] : marksOf({ digest, directory });
  const times = [path, ...marks].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(lastUsedMs, ...times) >= since;
}

/** Those of blobs in shared stores, too, but only when they were not used for long: each saves a comparison. */
const LOOSE_MARK_MS = 30 * 24 * 60 * 60 * 1000;

async function removeMarks(marks: readonly StoredItem[], nowMs: number): Promise<void> {
  for (const { path, lastUsedMs } of marks) {
    if (nowMs - lastUsedMs > LOOSE_MARK_MS) await rm(path, { force: true });
  }
}
