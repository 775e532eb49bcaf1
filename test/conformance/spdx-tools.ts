import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where `scripts/setup/spdx-tools.mjs` puts it. */
const OWN = 'ingot/spdx-tools-0.8.5/bin';

/** The program with which the makers of SPDX read and check documents; undefined where there is none. */
export function spdxTools(): string | undefined {
  const cache = process.env.XDG_CACHE_HOME;
  const folders = [
    join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), OWN),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.map((folder) => join(folder, 'pyspdxtools')).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
