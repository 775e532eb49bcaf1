import { IngotError } from '../model/error.js';

export type StoreErrorCode =
  /** The disk, or the user's share of it, is full. */
  | 'no-space'
  /** The store may not be written to: permissions, or a read-only file system. */
  | 'read-only'
  /** The bytes are not what their digest, their size or their index says. */
  | 'corrupt'
  /** There is no blob of that digest. */
  | 'missing'
  /** More bytes than the caller was willing to take. */
  | 'too-large'
  /** A size, time or path that was set for the store and makes no sense. */
  | 'bad-setting'
  /** Anything else that the operating system says. */
  | 'io';

/** What the content store throws. */
export class StoreError extends IngotError<StoreErrorCode> {}

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EACCES: 'read-only',
  EPERM: 'read-only',
  EROFS: 'read-only',
  ENOENT: 'missing',
};

const ADVICE: Readonly<Record<StoreErrorCode, string>> = {
  'no-space':
    'the disk is full; make room (`ingot cache prune --max-size 5GB`), or put the cache elsewhere (INGOT_CACHE)',
  'read-only': 'it may not be written; give permission, or put the cache elsewhere (INGOT_CACHE)',
  corrupt: 'its content is damaged; remove it',
  missing: 'it is not there; it was removed while in use',
  'too-large': 'it is too large',
  'bad-setting': 'it is not understood',
  io: 'the operating system refused; look at what is there, or put the cache elsewhere (INGOT_CACHE)',
};

/** The errno name of a failed system call (`ENOSPC`), if that is what was thrown. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return error instanceof Error && 'syscall' in error && typeof code === 'string' ? code : undefined;
}

/** Turns a failed system call into a StoreError; anything else that was thrown comes back as it is. */
export function storeError(error: unknown, doing: { readonly what: string; readonly path: string }): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const code = CODES[errno] ?? 'io';
  return new StoreError(code, `Cannot ${doing.what} ${doing.path}: ${ADVICE[code]} (${errno})`, {
    cause: error,
    context: { path: doing.path },
  });
}
