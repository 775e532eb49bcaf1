import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ByteSource } from '../../format/byte-source.js';
import { decompress } from '../../format/decompress.js';
import { FormatError } from '../../format/error.js';
import type { Digest } from '../../model/digest.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { FileSet } from '../layout/file-set.js';
import { unreadable } from '../layout/folder.js';
import { compressionOf } from '../oci/sniffed.js';
import { listTarFiles, type TarFile } from './tar-files.js';

export interface OpenArchiveOptions {
  /** The reference, for messages. */
  readonly about: string;
  readonly store: Store;
  readonly signal: AbortSignal;
}

/** What a compressed archive may unpack to. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 30;
const MAGIC_BYTES = 6;

/**
 * The files in a tar archive. One that is not compressed is read where it lies; another is unpacked into the store.
 * @throws {SourceError} `not-found`, `unreadable`, `malformed`, `unsupported`, `too-large`.
 */
export async function openArchive(path: string, options: OpenArchiveOptions): Promise<FileSet> {
  const { about } = options;
  const file = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(about, path, error);
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) {
      throw new SourceError('unreadable', `Cannot read ${about}: ${path} is not a file; name an archive, or oci:PATH`, {
        context: { path },
      });
    }
    const start = await readAt(file, 0, Math.min(MAGIC_BYTES, status.size));
    if (compressionOf(start, 'none') !== 'none') return await unpackedArchive(path, start, options);
    const files = await listTarFiles({ sizeBytes: status.size, read: (at, length) => readAt(file, at, length) });
    return fileSet(files, ({ offset, sizeBytes }, signal) =>
      sizeBytes === 0
        ? none()
        : createReadStream(path, {
            start: offset,
            end: offset + sizeBytes - 1,
            highWaterMark: 1 << 18,
            ...(signal ? { signal } : {}),
          }),
    );
  } catch (error) {
    throw explained(unreadable(about, path, error), about);
  } finally {
    await file.close();
  }
}

/** The archive in the store, uncompressed; by the digest of the compressed one, so that it is done once. */
async function unpackedArchive(
  path: string,
  start: Uint8Array,
  { about, store, signal }: OpenArchiveOptions,
): Promise<FileSet> {
  const key = `unpacked archive ${await digestOf(path, signal)}`;
  const known = (await store.recall(key)) as { digest: Digest; sizeBytes: number } | undefined;
  let stored = known !== undefined && (await store.has(known.digest)) ? known : undefined;
  if (stored === undefined) {
    const compression = compressionOf(start, 'none');
    const bytes = createReadStream(path, { signal, highWaterMark: 1 << 18 });
    const { digest, sizeBytes } = await store.put(
      decompress(bytes, { compression, maxBytes: MAX_UNPACKED_BYTES, signal }),
      { signal },
    );
    stored = { digest, sizeBytes };
    await store.remember(key, stored);
  }
  const { digest: blob, sizeBytes } = stored;
  const source: ByteSource = { sizeBytes, read: (offset, length) => store.read({ blob, offset, sizeBytes: length }) };
  try {
    return fileSet(await listTarFiles(source), (range, given) => store.stream({ blob, ...range }, given));
  } catch (error) {
    throw explained(error, about);
  }
}

function fileSet(
  files: ReadonlyMap<string, TarFile>,
  stream: (range: TarFile, signal: AbortSignal | undefined) => AsyncIterable<Uint8Array>,
): FileSet {
  return {
    sizeOf: async (path) => files.get(path)?.sizeBytes,
    async *read(path, { offset = 0, signal }) {
      const file = files.get(path);
      if (file === undefined || offset >= file.sizeBytes) return;
      yield* stream({ offset: file.offset + offset, sizeBytes: file.sizeBytes - offset }, signal);
    },
  };
}

async function digestOf(path: string, signal: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(sizeBytes);
  let done = 0;
  while (done < sizeBytes) {
    const { bytesRead } = await file.read(bytes, done, sizeBytes - done, offset + done);
    if (bytesRead === 0) throw new FormatError('truncated', 'it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

async function* none(): AsyncGenerator<Uint8Array> {}

function explained(error: unknown, about: string): unknown {
  if (!(error instanceof FormatError)) return error;
  const code = error.code === 'too-large' || error.code === 'unsupported' ? error.code : 'malformed';
  return new SourceError(code, `Cannot read ${about}: it is no tar archive as it should be (${error.message})`, {
    cause: error,
    context: { path: about },
  });
}
