import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Only this user: a machine's console and its control socket are nobody else's. */
const PRIVATE = 0o700;

export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE });
}

/** Readers see the old content or the new one, never a part. */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await makePrivateFolder(dirname(path));
  try {
    await writeFile(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
