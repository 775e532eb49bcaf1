import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../store/make-folder.js';
import { errnoOf, RunError } from '../error.js';

/** Only this user: a machine's console and its control socket are nobody else's. */
const PRIVATE = 0o700;

/** @throws {RunError} `io`. */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await makeFolder(path, { mode: PRIVATE });
  } catch (error) {
    throw hostError(error, `make the folder ${path}`);
  }
}

/** Readers see the old content or the new one, never a part. @throws {RunError} `io`; then it is the old one. */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  // A name of its own: in one process several machines are made at once, and each remembers what it has found out.
  const temporary = `${path}.${randomUUID()}.new`;
  await makePrivateFolder(dirname(path));
  try {
    await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw hostError(error, `write ${path}`);
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room, or keep machines elsewhere (INGOT_STATE)',
  EDQUOT: "this user's share of the disk is full; make room, or keep machines elsewhere (INGOT_STATE)",
  EACCES: 'it may not be written; give permission, or keep machines elsewhere (INGOT_STATE)',
  EROFS: 'the disk is read-only; keep machines elsewhere (INGOT_STATE)',
};

/** Turns a failed system call on what is kept of machines into a RunError; anything else comes back as it is. */
export function hostError(error: unknown, what: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof RunError) return error;
  const why = ADVICE[errno] ?? 'the operating system refused';
  return new RunError('io', `Cannot ${what}: ${why} (${errno})`, { cause: error });
}
