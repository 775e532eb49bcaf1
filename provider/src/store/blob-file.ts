import { closeSync, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';

/**
 * Reads of at most this are made at once: from the page cache they take 10 µs, and five times as long by way of another
 * thread, and a build has thousands of them.
 */
const SMALL_BYTES = 1 << 16;

const readElsewhere = promisify(read);

/** A blob that is open for reading. */
export class BlobFile {
  readonly sizeBytes: number;
  readonly #file: number;

  private constructor(file: number, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** To be closed when nobody reads from it. */
  static open(path: string): BlobFile {
    const file = openSync(path, 'r');
    try {
      return new BlobFile(file, fstatSync(file).size);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Bytes that must lie within the file. The result is the caller's own; it is shorter only if the file became so. */
  async read(offset: number, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    return bytes.subarray(0, await this.readInto(offset, bytes));
  }

  /** The same, into bytes of the caller's. Returns how many there were: fewer only if the file became shorter. */
  async readInto(offset: number, target: Uint8Array): Promise<number> {
    let done = 0;
    while (done < target.byteLength) {
      const bytesRead = await this.#readSome(target.subarray(done), offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  /** At once: of a file that was only read, nothing has to be written. */
  close(): void {
    closeSync(this.#file);
  }

  async #readSome(target: Uint8Array, position: number): Promise<number> {
    const { byteLength } = target;
    if (byteLength <= SMALL_BYTES) return readSync(this.#file, target, 0, byteLength, position);
    return (await readElsewhere(this.#file, target, 0, byteLength, position)).bytesRead;
  }
}
