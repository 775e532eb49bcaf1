import { type BigIntStats, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, hexOf } from '../model/digest.js';
import { errnoOf } from './error.js';
import { marksFolder } from './places.js';

/** The time of last use is this coarse: writing it down at every use would cost more than most uses do. */
export const USE_GRAIN_MS = 60 * 60 * 1000;

const DAY_MS = 24 * 60 * 60 * 1000;
/** What a disk loses by itself changes no time of the file, so no mark is believed for longer than this. */
const BELIEVED_FOR_DAYS = 30;

/**
 * A mark is an empty file that says of a blob two things. Its name has the size and the times that the blob had when
 * its bytes were compared with its digest: as long as it has the same, they are not compared again. Its own time of
 * modification is when the blob was used last. So both are known by one look; the calls here are synchronous since
 * such a look takes 5 µs, and 50 µs by way of another thread, and a build has a thousand of them.
 */
export interface Marked {
  readonly digest: Digest;
  /** Of the store that keeps the mark. The blob may lie in another one. */
  readonly directory: string;
  readonly status: BigIntStats;
}

/**
 * What the mark of the blob, as it is now, says; a blob that has one counts as used from now on.
 * @returns `recent` when it has counted as used before; undefined where there is no such mark.
 */
export function useMarked(marked: Marked, nowMs: number): 'recent' | 'now' | undefined {
  const path = markPath(marked, nowMs);
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (nowMs - status.mtimeMs <= USE_GRAIN_MS) return 'recent';
  touch(path, nowMs);
  return 'now';
}

/** To be called when the blob was compared with its digest. Without room for a mark it is compared again. */
export function setMark(
  marked: Marked,
  { checkedMs, usedMs = checkedMs }: { readonly checkedMs: number; readonly usedMs?: number },
): void {
  const path = markPath(marked, checkedMs);
  try {
    const before = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    try {
      writeFileSync(path, '');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
    }
    // It may be there already, and in use.
    touch(path, Math.max(usedMs, before ?? 0));
  } catch {}
}

/** The paths of all marks that a blob has in a store, those of earlier states among them. */
export function marksOf({ digest, directory }: Pick<Marked, 'digest' | 'directory'>): string[] {
  const hex = hexOf(digest);
  const shelf = shelfOf(directory, hex);
  try {
    return readdirSync(shelf).flatMap((name) => (name.startsWith(`${hex}.`) ? [join(shelf, name)] : []));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** What makes a file another one than it was, by all that the file system says of it. */
export function stateOf({ size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join('-');
}

function markPath({ digest, directory, status }: Marked, nowMs: number): string {
  const hex = hexOf(digest);
  // Not all on the same day.
  const turn = Math.floor((nowMs / DAY_MS + Number.parseInt(hex.slice(0, 4), 16)) / BELIEVED_FOR_DAYS);
  return join(shelfOf(directory, hex), `${hex}.${stateOf(status)}-${turn.toString(36)}`);
}

function shelfOf(directory: string, hex: string): string {
  return join(marksFolder(directory), hex.slice(0, 2));
}

/** Another process may have removed it a moment ago; then it is made again, or the blob counts as used when it was written. */
function touch(path: string, nowMs: number): void {
  try {
    utimesSync(path, nowMs / 1000, nowMs / 1000);
  } catch {
    try {
      writeFileSync(path, '');
    } catch {}
  }
}
