import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../error.js';
import type { Http } from '../registry/http.js';
import { PATIENCE, type Patience, transfer as transferParts } from '../transfer.js';
import { shownAddress } from '../transfer-failure.js';
import { requestFile } from './fetch-request.js';
import { sendThrough } from './send.js';

export type { Patience };

export interface TransferOptions {
  /** Size that the file has; an answer of another size is refused before it is read. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
  /** Connections that know the proxies. Default: those of Node, which know none. */
  readonly http?: Http | undefined;
}

/**
 * The bytes behind an `http:`, `https:` or `file:` address, in order. They may stem from two versions of a file that
 * was changed in between: verify their digest.
 * @throws {SourceError} when patience is at its end: `unreachable`, `timeout`, `rate-limited`, `forbidden`,
 *   `not-found`, `size-mismatch`, `bad-answer`.
 */
export function transfer(url: URL, options: TransferOptions): AsyncGenerator<Uint8Array, void, undefined> {
  if (url.protocol === 'file:') return readLocal(url, options.signal);
  const { sizeBytes, signal, patience = PATIENCE } = options;
  const send = sendThrough(options.http);
  const requestFrom = (from: number) => requestFile(url, { send, sizeBytes, signal, stallMs: patience.stallMs, from });
  return transferParts(requestFrom, { of: shownAddress(url), sizeBytes, signal, patience });
}

async function* readLocal(url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(fileURLToPath(url), { signal, highWaterMark: 1 << 18 });
  } catch (error) {
    signal.throwIfAborted();
    const missing = error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = error instanceof Error ? error.message : String(error);
    throw new SourceError(
      missing ? 'not-found' : 'io',
      `Cannot read ${shownAddress(url)}: ${missing ? 'there is no such file; is the mirror complete?' : why}`,
      { cause: error },
    );
  }
}
