import { IngotError } from '../model/error.js';
import { type LockFile, lockFile } from '../pipeline.js';
import { UsageError } from './usage-error.js';

class LockCommandError extends IngotError<'no-lock-file'> {}

/** Where the lock file of specs is or would be, and what writes it. @throws {UsageError} `bad-subject`. */
export async function lockPlaceOf(specs: readonly string[]): Promise<Pick<LockFile, 'path' | 'command'>> {
  const place = (await lockFile()).lockFilePlace(specs);
  if (place !== undefined) return place;
  throw new UsageError(
    'bad-subject',
    'Cannot lock the spec: it comes from standard input, and a lock file lies beside its spec; give the path of a file',
  );
}

/** Says that there is no lock file where one is needed. */
export function noLockFile({ path, command }: Pick<LockFile, 'path' | 'command'>): LockCommandError {
  return new LockCommandError(
    'no-lock-file',
    `Cannot tell what is outdated: there is no ${path}, and without it the newest is used; run \`${command}\``,
    { context: { path } },
  );
}
