import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Digest } from '../model/digest.js';
import type { StreamedFile, Workshop } from '../pipeline.js';
import type { OutputFiles } from './output-files.js';
import { writeStandardOutput } from './standard-output.js';

export interface Target {
  /** `-` for the standard output. */
  readonly path: string;
  readonly output: OutputFiles;
  /** Whether the digest is to be told. */
  readonly hashed: boolean;
}

export interface Written {
  readonly sizeBytes: number;
  readonly sha256?: Digest;
}

/** Writes a file of an artifact. Of a disk, only what is data: the rest is left out of the file, and reads as zeros. */
export async function writeOutput(
  file: StreamedFile,
  { path, output, hashed }: Target,
  { signal, progress }: Workshop,
): Promise<Written> {
  const step = `writing ${path === '-' ? file.role : path}`;
  const told = (done: number): void => {
    signal.throwIfAborted();
    progress({ step, done, total: file.contentBytes });
  };
  const { image } = file;
  if (image !== undefined && !hashed && path !== '-') {
    await output.add(path, async (handle) => {
      for await (const { offset, bytes } of image.pieces()) {
        told(offset);
        await writeFully(handle, bytes, offset);
      }
      await handle.truncate(image.sizeBytes);
    });
    return { sizeBytes: image.sizeBytes };
  }
  const hash = hashed ? createHash('sha256') : undefined;
  let sizeBytes = 0;
  const writeAll = async (write: (chunk: Uint8Array) => Promise<unknown>): Promise<void> => {
    for await (const chunk of file.bytes) {
      told(sizeBytes);
      hash?.update(chunk);
      await write(chunk);
      sizeBytes += chunk.byteLength;
    }
  };
  if (path === '-') await writeAll(writeStandardOutput);
  else await output.add(path, (handle) => writeAll((chunk) => writeFully(handle, chunk)));
  return { sizeBytes, ...(hash === undefined ? {} : { sha256: `sha256:${hash.digest('hex')}` as const }) };
}

/** In as few calls as it takes: writeFile() makes two of each chunk, and waits in between. */
async function writeFully(file: FileHandle, chunk: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    const at = position === undefined ? null : position + done;
    done += (await file.write(chunk, done, chunk.byteLength - done, at)).bytesWritten;
  }
}
