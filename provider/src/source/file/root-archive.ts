import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { decompress } from '../../format/decompress.js';
import { FormatError } from '../../format/error.js';
import { TarReader } from '../../format/tar-reader.js';
import type { Digest } from '../../model/digest.js';
import type { BlobRange, LayerEntry } from '../../model/layer.js';
import type { Progress } from '../../model/progress.js';
import { putSparse } from '../../store/put-sparse.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { compressionOf } from '../oci/sniffed.js';

/** A root file system in one tar, such as `ingot build -f tar` writes, for as long as it is looked at. */
export interface RootArchive {
  /** Of the uncompressed archive. */
  readonly digest: Digest;
  /** In the archive's order. */
  readonly entries: readonly LayerEntry[];
  /** Reads from the archive, which stands for the blob of its digest. */
  readonly read: (range: BlobRange) => Promise<Uint8Array>;
}

export interface RootArchiveOptions {
  readonly directory: string;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** "ustar Interchange Format", magic; GNU tar has the same five letters. */
const MAGIC = { at: 257, text: 'ustar' } as const;
const MAX_UNPACKED_BYTES = 64 * 2 ** 30;

/** Whether a tar lies at that path, compressed or not, by its first bytes. */
export async function isArchive(path: string, { directory }: Pick<RootArchiveOptions, 'directory'>): Promise<boolean> {
  if (path === '-') return false;
  const file = await open(resolve(directory, path), 'r').catch(() => undefined);
  // Whoever reads it as something else says what is wrong.
  if (file === undefined) return false;
  try {
    const start = await startOf(file);
    return compressionOf(start, 'none') !== 'none' || isTar(start);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/**
 * Runs `use` with the archive at a path. One that is compressed is unpacked into a temporary folder first.
 * @throws {SourceError} `not-found`, `unreadable`, `malformed`, `unsupported`, `too-large`.
 */
export async function withRootArchive<T>(
  path: string,
  options: RootArchiveOptions,
  use: (archive: RootArchive) => Promise<T>,
): Promise<T> {
  const full = resolve(options.directory, path);
  const read = (file: string): Promise<T> =>
    withFile(file, path, async (handle) => use(await readArchive(path, handle, options)));
  const compression = compressionOf(await withFile(full, path, startOf), 'none');
  if (compression === 'none') return await read(full);
  return await options.store.temporary(async (folder) => {
    const unpacked = join(folder, 'root.tar');
    const { signal } = options;
    await explaining(path, async () => {
      const bytes = decompress(createReadStream(full), { compression, maxBytes: MAX_UNPACKED_BYTES, signal });
      await pipeline(bytes, createWriteStream(unpacked), { signal });
    });
    return await read(unpacked);
  });
}

function readArchive(path: string, file: FileHandle, options: RootArchiveOptions): Promise<RootArchive> {
  return explaining(path, () => indexArchive(path, file, options));
}

async function indexArchive(path: string, file: FileHandle, options: RootArchiveOptions): Promise<RootArchive> {
  const { signal, progress } = options;
  const { size: total } = await file.stat();
  const reader = new TarReader({ maxSparseBytes: MAX_UNPACKED_BYTES });
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (let done = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(chunk, 0, chunk.length, done);
    if (bytesRead === 0) break;
    const bytes = chunk.subarray(0, bytesRead);
    reader.push(bytes);
    hash.update(bytes);
    done += bytesRead;
    progress({ step: `reading ${path}`, done, total });
  }
  const digest: Digest = `sha256:${hash.digest('hex')}`;
  const read = ({ offset, sizeBytes }: BlobRange) => readAt(file, offset, sizeBytes);
  const stream = async function* ({ offset, sizeBytes }: BlobRange): AsyncGenerator<Uint8Array> {
    const end = offset + sizeBytes;
    for (let at = offset; at < end; at += chunk.length) yield await readAt(file, at, Math.min(chunk.length, end - at));
  };
  const entries: LayerEntry[] = [];
  for (const { content, sparse, xattrs, ...attributes } of reader.finish()) {
    const whole = sparse && (await putSparse(options.store, sparse, { archive: digest, stream, signal }));
    const body = whole ?? (content && { blob: digest, ...content });
    entries.push({
      ...attributes,
      ...(xattrs === undefined ? {} : { xattrs: inBase64(xattrs) }),
      ...(body === undefined ? {} : { content: body }),
    });
  }
  return { digest, entries, read: async (range) => (range.blob === digest ? read(range) : options.store.read(range)) };
}

function inBase64(xattrs: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  const values = Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return Object.fromEntries(values) as Record<string, string>;
}

async function startOf(file: FileHandle): Promise<Buffer> {
  return await readAt(file, 0, Math.min(512, (await file.stat()).size));
}

function isTar(start: Buffer): boolean {
  return start.toString('latin1', MAGIC.at, MAGIC.at + MAGIC.text.length) === MAGIC.text;
}

async function withFile<T>(path: string, shown: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await explaining(shown, () => open(path, 'r'));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function explaining<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explained(error, path);
  }
}

async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(sizeBytes);
  for (let done = 0; done < sizeBytes; ) {
    const { bytesRead } = await file.read(bytes, done, sizeBytes - done, offset + done);
    if (bytesRead === 0) throw new FormatError('truncated', 'it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

function explained(error: unknown, path: string): unknown {
  if (error instanceof FormatError) {
    const code = error.code === 'too-large' || error.code === 'unsupported' ? error.code : 'malformed';
    const message = `Cannot read ${path}: it is no tar archive as it should be (${error.message})`;
    return new SourceError(code, message, { cause: error, context: { path } });
  }
  const errno = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (errno === undefined || !('syscall' in (error as Error))) return error;
  const code = errno === 'ENOENT' ? 'not-found' : 'unreadable';
  return new SourceError(code, `Cannot read ${path}: ${errno}`, { cause: error, context: { path } });
}
