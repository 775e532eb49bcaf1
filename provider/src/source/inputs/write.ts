import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { encodePath } from '../../format/path-text.js';
import { tarEnd, tarHeader, tarPadding } from '../../format/tar-writer.js';
import type { Progress } from '../../model/progress.js';
import { whyNotWritten } from '../../model/write-failure.js';
import { makeFolder } from '../../store/make-folder.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { LayoutFile } from './layout.js';

export interface WriteOptions {
  /** Paths are relative to this folder. */
  readonly directory: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A layout as a tar archive. The same files give the same bytes. */
export async function* layoutTar(
  files: readonly LayoutFile[],
  options: Omit<WriteOptions, 'directory'>,
): AsyncGenerator<Uint8Array> {
  const header = (path: string, type: 'directory' | 'file', sizeBytes: number): Uint8Array => {
    const mode = type === 'directory' ? 0o755 : 0o644;
    return tarHeader({ path: encodePath(path), type, mode, uid: 0, gid: 0, mtimeSeconds: 0, sizeBytes });
  };
  for (const folder of ['blobs', 'blobs/sha256']) yield header(folder, 'directory', 0);
  for await (const { file, chunks } of contentsOf(files, options)) {
    yield header(file.path, 'file', file.sizeBytes);
    yield* chunks;
    yield tarPadding(file.sizeBytes);
  }
  yield tarEnd();
}

/**
 * Writes a layout into a folder, which appears when it is complete.
 * @throws {SourceError} `io` where it cannot be written, or something is there already.
 */
export async function writeLayoutFolder(
  target: string,
  files: readonly LayoutFile[],
  options: WriteOptions,
): Promise<void> {
  const full = resolve(options.directory, target);
  const temporary = join(dirname(full), `.${basename(full)}.${randomUUID()}.partial`);
  try {
    const there = await readdir(full).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (there !== undefined && there.length > 0) {
      throw new SourceError('io', `Cannot write ${target}: it is there, and not empty; remove it, or name another`, {
        context: { path: target },
      });
    }
    await makeFolder(join(temporary, 'blobs/sha256'));
    for await (const { file, chunks } of contentsOf(files, options)) {
      const handle = await open(join(temporary, file.path), 'wx');
      try {
        for await (const chunk of chunks) await handle.writeFile(chunk);
      } finally {
        await handle.close();
      }
    }
    if (there !== undefined) await rmdir(full);
    await rename(temporary, full);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    const why = whyNotWritten(error);
    if (why === undefined) throw error;
    throw new SourceError('io', `Cannot write ${target}: ${why}`, { context: { path: target } });
  }
}

async function* contentsOf(
  files: readonly LayoutFile[],
  { store, signal, progress }: Omit<WriteOptions, 'directory'>,
): AsyncGenerator<{ readonly file: LayoutFile; readonly chunks: AsyncIterable<Uint8Array> | Uint8Array[] }> {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let done = 0;
  for (const file of files) {
    signal.throwIfAborted();
    progress({ step: 'writing the inputs', done, total });
    const { sizeBytes } = file;
    const chunks = 'bytes' in file ? [file.bytes] : store.stream({ blob: file.blob, offset: 0, sizeBytes }, signal);
    yield { file, chunks };
    done += sizeBytes;
  }
}
