import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from './error.js';
import { PassingFailure } from './transfer-failure.js';

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

/** What a server asks for in Retry-After is followed up to this; one that wants more is not asked again. */
const MAX_DELAY_MS = 60_000;

/** An attempt that brought as much was none in vain: what is large may break more often than what is small. */
const PROGRESS_BYTES = 16 * 2 ** 20;

export interface PatientOptions {
  readonly signal: AbortSignal;
  readonly patience?: Patience | undefined;
}

export interface TransferOptions extends PatientOptions {
  /** What is transferred, for errors. */
  readonly of: string;
  /** Of the whole. */
  readonly sizeBytes: number;
  /** Where to begin. Default: 0. */
  readonly offset?: number;
}

/**
 * The bytes that requests give which each begin at a given place. A transfer that breaks goes on where it broke, so
 * bytes come once and in order, but may stem from two versions of what was changed between: verify their digest.
 * @throws {SourceError} what a request throws, when patience is at its end; `size-mismatch` for more than there is.
 */
export async function* transfer(
  requestFrom: (from: number) => AsyncIterable<Uint8Array>,
  options: TransferOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { sizeBytes, patience = PATIENCE } = options;
  let done = options.offset ?? 0;
  let start = done;
  for (let attempt = 1; ; attempt++) {
    // A connection may break after the last byte.
    if (done > 0 && done === sizeBytes) return;
    try {
      for await (const chunk of requestFrom(done)) {
        done += chunk.byteLength;
        if (done > sizeBytes) throw tooMuch(options);
        yield chunk;
      }
      if (done === sizeBytes) return;
      const what = `the answer ended after ${done} of ${sizeBytes} bytes`;
      throw new PassingFailure('unreachable', `Cannot fetch ${options.of}: ${what}`, {});
    } catch (error) {
      if (done - start >= PROGRESS_BYTES) attempt = 1;
      start = done;
      await waitAfter(error, { attempt, signal: options.signal, patience });
    }
  }
}

/** Calls again after failures that may pass, until patience is at its end. */
export async function patiently<T>(call: () => Promise<T>, options: PatientOptions): Promise<T> {
  const { signal, patience = PATIENCE } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      await waitAfter(error, { attempt, signal, patience });
    }
  }
}

/** Returns when it is time to ask again; throws the failure when there is no point in it. */
async function waitAfter(
  failure: unknown,
  { attempt, signal, patience }: { attempt: number; signal: AbortSignal; patience: Patience },
): Promise<void> {
  signal.throwIfAborted();
  if (!(failure instanceof PassingFailure) || attempt >= patience.attempts) throw failure;
  const askedMs = failure.retryAfterMs ?? 0;
  if (askedMs > MAX_DELAY_MS) throw failure;
  const delayMs = Math.min(patience.firstDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS);
  await sleep(Math.max(delayMs, askedMs), undefined, { signal }).catch(() => signal.throwIfAborted());
}

function tooMuch({ of, sizeBytes }: TransferOptions): SourceError {
  return new SourceError('size-mismatch', `Cannot fetch ${of}: the server sends more than its ${sizeBytes} bytes`, {
    context: { want: `${sizeBytes}` },
  });
}
