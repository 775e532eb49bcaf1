import { lstat, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '../../model/error.js';
import { whyNotWritten } from '../../model/write-failure.js';
import { makeFolder } from '../../store/make-folder.js';
import { SourceError } from '../error.js';
import type { KeyFile } from './new-keys.js';

/**
 * Writes the files into a folder, which is made if it is not there: all of them, or none. What is there already stays.
 * @throws {SourceError} `io`.
 */
export async function writeKeys(folder: string, files: readonly KeyFile[]): Promise<void> {
  const written: string[] = [];
  try {
    await makeFolder(folder, { mode: 0o700 });
    for (const { name } of files) await refuseExisting(join(folder, name));
    for (const { name, bytes, secret } of files) {
      const path = join(folder, name);
      // Fails where a file has come in between; the mode is set at once, before there is a key in it.
      await using file = await open(path, 'wx', secret ? 0o600 : 0o644);
      written.push(path);
      await file.writeFile(bytes);
      await file.sync();
    }
  } catch (error) {
    await Promise.allSettled(written.map((path) => rm(path, { force: true })));
    if (error instanceof SourceError) throw error;
    const why = whyNotWritten(error) ?? describeError(error);
    throw new SourceError('io', `Cannot write keys to ${folder}: ${why}`, { context: { path: folder } });
  }
}

async function refuseExisting(path: string): Promise<void> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  throw new SourceError(
    'io',
    `Cannot write new keys: ${path} is there already; keys are never overwritten, since machines that trust them ` +
      'would start nothing any more: name another folder',
    { context: { path } },
  );
}
