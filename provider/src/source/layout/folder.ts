import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceError } from '../error.js';
import type { FileSet } from './file-set.js';

const MISSING = new Set(['ENOENT', 'ENOTDIR']);

/**
 * The files below a folder.
 * @throws {SourceError} `not-found` and `unreadable` where the folder itself cannot be used.
 */
export async function openFolder(path: string, about: string): Promise<FileSet> {
  const status = await stat(path).catch((error: unknown) => {
    throw unreadable(about, path, error);
  });
  if (!status.isDirectory()) {
    throw new SourceError(
      'unreadable',
      `Cannot read ${about}: ${path} is not a folder; name one, or oci-archive:PATH`,
      {
        context: { path },
      },
    );
  }
  return {
    async sizeOf(name) {
      try {
        const file = await stat(join(path, name));
        return file.isFile() ? file.size : undefined;
      } catch (error) {
        if (MISSING.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
        throw unreadable(about, join(path, name), error);
      }
    },
    async *read(name, { offset = 0, signal }) {
      try {
        yield* createReadStream(join(path, name), {
          start: offset,
          highWaterMark: 1 << 18,
          ...(signal ? { signal } : {}),
        });
      } catch (error) {
        throw unreadable(about, join(path, name), error);
      }
    },
  };
}

/** A failed system call as what it means to whoever named the path; anything else as it is. */
export function unreadable(about: string, path: string, error: unknown): unknown {
  const errno = (error as NodeJS.ErrnoException | undefined)?.code;
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  if (errno !== undefined && MISSING.has(errno)) {
    return new SourceError('not-found', `Cannot read ${about}: there is no ${path}; paths are relative to the spec`, {
      cause: error,
      context: { path },
    });
  }
  return new SourceError('unreadable', `Cannot read ${about}: ${path} cannot be read (${errno})`, {
    cause: error,
    context: { path },
  });
}
