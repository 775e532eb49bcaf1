import { randomUUID } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { link, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errnoOf } from './error.js';

/** What the names of files begin with that are on their way out. */
export const OUT = 'out-';

/**
 * Removes a file that other processes may open or replace at any moment. First it gets another name; whatever opened
 * it before that has said so by then, and `unwanted` is asked, with its path, whether it is still to go.
 * @returns whether it was removed.
 */
export async function takeOut(
  path: string,
  options: { readonly temporary: string; readonly unwanted: (moved: string) => boolean | Promise<boolean> },
): Promise<boolean> {
  const moved = join(options.temporary, `${beginOf(path)}${randomUUID()}`);
  try {
    await rename(path, moved);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  const goes = await options.unwanted(moved);
  // What has taken its place meanwhile is the same or better.
  if (!goes) await link(moved, path).catch(() => undefined);
  await rm(moved, { force: true });
  return goes;
}

/**
 * Puts a file back that another process is taking out: it may be about to see that the file is in use, and may not get
 * to it for long, or never. Whoever uses it again has to find out whether it is sound.
 * @returns whether there was one.
 */
export async function putBack(path: string, temporary: string): Promise<boolean> {
  const begin = beginOf(path);
  const names = (await readdir(temporary).catch(() => [])).filter((name) => name.startsWith(begin));
  for (const name of names) await link(join(temporary, name), path).catch(() => undefined);
  return names.length > 0;
}

/** Whether a file is the one that had this status, under whatever name: a number of an inode alone is soon used again. */
export function isSameFile(path: string, { ino, size, mtimeNs }: BigIntStats): boolean {
  const now = statSync(path, { bigint: true, throwIfNoEntry: false });
  return now?.ino === ino && now.size === size && now.mtimeNs === mtimeNs;
}

function beginOf(path: string): string {
  return `${OUT}${basename(path)}-`;
}
