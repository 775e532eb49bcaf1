import { stat } from 'node:fs/promises';
import { importInputs, lockDigest, lockFile, lockFileContentOf } from '../pipeline.js';
import { CommandError } from './command-error.js';
import { withWorkshop } from './workshop.js';

export interface CacheImportOptions {
  /** Where to write the lock file of the spec, where there is none. */
  readonly lock?: string;
  readonly json?: true;
}

/** `ingot cache import DIR|FILE`: into the cache, everything compared with its digest. */
export async function cacheImport(path: string, options: CacheImportOptions): Promise<void> {
  const { lock: target } = options;
  if (target !== undefined && (await stat(target).catch(() => undefined)) !== undefined) {
    throw new CommandError(
      'bad-output',
      `Cannot write ${target}: it is there already; remove it, or leave --lock out`,
      {
        context: { path: target },
      },
    );
  }
  if ((await stat(path).catch(() => undefined)) === undefined) {
    throw new CommandError(
      'bad-subject',
      `Cannot read ${path}: there is no such file or folder; give one that \`ingot cache export\` has written`,
      { context: { path } },
    );
  }
  await withWorkshop(async (workshop) => {
    const lock = await importInputs(path, workshop);
    const image = lockDigest(lock);
    if (target !== undefined) {
      const { writeLockFile } = await lockFile();
      await writeLockFile({ path: target, command: '', content: lockFileContentOf(lock) }, workshop.directory);
    }
    if (options.json) process.stdout.write(`${JSON.stringify({ image, lock }, null, 2)}\n`);
    else process.stdout.write(`${image}: its inputs are in the cache\n`);
  });
}
