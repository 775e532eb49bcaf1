/** Named files that an image is kept in: a folder, or an archive. */
export interface FileSet {
  /** Undefined where there is no such file. */
  sizeOf(path: string): Promise<number | undefined>;
  /** A file's bytes from an offset to its end. The file is there. */
  read(path: string, options: { readonly offset?: number; readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
}

/**
 * A small file as a whole; undefined where there is none.
 * @throws {RangeError} for a file that has more than `maxBytes`.
 */
export async function readSmall(files: FileSet, path: string, maxBytes: number): Promise<Buffer | undefined> {
  const sizeBytes = await files.sizeOf(path);
  if (sizeBytes === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  let done = 0;
  for await (const chunk of files.read(path, {})) {
    done += chunk.byteLength;
    if (done > maxBytes) throw new RangeError(`${path} has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
