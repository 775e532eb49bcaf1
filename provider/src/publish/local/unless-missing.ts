import { PublishError } from '../error.js';

/**
 * What is read, undefined where there is nothing. Only that counts as gone: a share that does not answer for a moment
 * must not look like one whose images nobody claims.
 * @throws {PublishError} `io`.
 */
export async function unlessMissing<T>(reading: Promise<T>, path: string): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException)?.code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PublishError('io', `Cannot read ${path}: ${code ?? error}; it must be one that this user can read`, {
      cause: error,
      context: { path },
    });
  }
}
