import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * A program that the set-up puts into a folder of its own in Ingot's cache (`scripts/setup/`), or that is on PATH;
 * undefined where there is none.
 */
export function ownProgram(name: string, folder: string): string | undefined {
  const cache = process.env.XDG_CACHE_HOME;
  const folders = [
    join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), 'ingot', folder),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.map((one) => join(one, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
