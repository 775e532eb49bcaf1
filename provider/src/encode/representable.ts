import { FormatError } from '../format/error.js';
import { EncodeError } from './error.js';

/**
 * Runs what writes a header, and names the failure to do so as one of this stage.
 * @throws {EncodeError} `unrepresentable`.
 */
export function representable<T>(path: string, where: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof RangeError)) throw error;
    throw new EncodeError('unrepresentable', `Cannot put ${path} into ${where}: ${error.message}`, {
      cause: error,
      context: { path },
    });
  }
}
