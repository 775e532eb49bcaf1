import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OUT } from './take-out.js';

/** Longer than anything that writes into the store may take. */
const LEFT_OVER_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Removes what processes that were killed left in the folder of temporary files: whatever was not touched for a day.
 * Fails softly: another process may be doing the same, and left-overs harm nobody.
 */
export async function removeLeftOvers(directory: string, nowMs: number): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const info = await stat(path).catch(() => undefined);
    // What is on its way out keeps the age that it had in the store.
    const touchedMs = name.startsWith(OUT) ? info?.ctimeMs : info?.mtimeMs;
    if (touchedMs === undefined || nowMs - touchedMs < LEFT_OVER_AFTER_MS) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
