import { IngotError } from '../model/error.js';
import { type LockFile, lockFile } from '../pipeline.js';

class LockCommandError extends IngotError<'no-place' | 'no-lock-file'> {}

/** Where the lock file of specs is or would be, and what writes it. */
export async function lockPlaceOf(specs: readonly string[]): Promise<Pick<LockFile, 'path' | 'command'>> {
  const place = (await lockFile()).lockFilePlace(specs);
  if (place !== undefined) return place;
  throw new LockCommandError(
    'no-place',
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
