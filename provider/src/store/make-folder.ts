import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it that are not there. As Node's mkdir() with `recursive`; but that asks for a folder
 * below /proc again and again, without end, and says of one that may not be made that it is missing.
 * @returns the uppermost that it has made, absolute; undefined where all were there.
 * @throws what the system says; `ENOENT` only where no folder can be made: below /proc, or where a link leads nowhere.
 */
export async function makeFolder(path: string, options: { readonly mode?: number } = {}): Promise<string | undefined> {
  const full = resolve(path);
  try {
    return await makeOne(full, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || dirname(full) === full) throw error;
  }
  const above = await makeFolder(dirname(full), options);
  const made = await makeOne(full, options);
  return above ?? made;
}

/** Undefined where it is there. */
async function makeOne(path: string, options: { readonly mode?: number }): Promise<string | undefined> {
  try {
    await mkdir(path, options);
    return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    throw error;
  }
}
