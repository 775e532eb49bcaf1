import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where administrators' programs lie; an ordinary user's PATH often lacks them. */
const ADMINISTRATORS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** The path of a program on PATH, or undefined. Starts no process. */
export function findProgram(name, path = process.env.PATH ?? '') {
  return [...path.split(delimiter), ...ADMINISTRATORS].map((folder) => join(folder, name)).find(isProgram);
}

export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
