import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../error.js';
import { failureOfRequest, PassingFailure, shownAddress } from './fetch-failure.js';
import { requestFile } from './fetch-request.js';

/** How patient a transfer is. */
export interface Patience {
  /** Requests in all, the first one included. */
  readonly attempts: number;
  /** Before the second request; doubled for each further one. */
  readonly firstDelayMs: number;
  /** Longest wait for an answer, and for each further piece of it. */
  readonly stallMs: number;
}

/** Waits of 0.5, 1, 2 and 4 seconds: enough for a load balancer to notice a server that is gone. */
export const PATIENCE: Patience = { attempts: 5, firstDelayMs: 500, stallMs: 30_000 };

/** What a server asks for in Retry-After is followed up to this. */
const MAX_DELAY_MS = 30_000;

export interface TransferOptions {
  /** Size that the file has; an answer of another size is refused before it is read. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
}

/**
 * The bytes behind an `http:`, `https:` or `file:` address. A transfer that breaks goes on where it broke, so bytes
 * come once and in order, but may stem from two versions of a file that was changed between: verify their digest.
 * @throws {SourceError} when patience is at its end: `unreachable`, `timeout`, `rate-limited`, `forbidden`,
 *   `not-found`, `size-mismatch`, `bad-answer`.
 */
export async function* transfer(url: URL, options: TransferOptions): AsyncGenerator<Uint8Array, void, undefined> {
  if (url.protocol === 'file:') return yield* readLocal(url, options.signal);
  const { sizeBytes, signal, patience = PATIENCE } = options;
  let done = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const chunk of requestFile(url, { sizeBytes, signal, stallMs: patience.stallMs, from: done })) {
        done += chunk.byteLength;
        yield chunk;
      }
      if (done >= sizeBytes) return;
      throw failureOfRequest(url, new Error(`the answer ended after ${done} of ${sizeBytes} bytes`));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingFailure) || attempt === patience.attempts) throw error;
      const delayMs = Math.max(patience.firstDelayMs * 2 ** (attempt - 1), error.retryAfterMs ?? 0);
      await wait(Math.min(delayMs, MAX_DELAY_MS), signal);
    }
  }
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

async function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}
