import { randomUUID } from 'node:crypto';
import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
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
  const moved = join(options.temporary, `${OUT}${randomUUID()}`);
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
