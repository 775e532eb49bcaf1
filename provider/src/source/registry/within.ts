import { PassingFailure } from '../transfer-failure.js';

export interface WithinOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What is done, for the error: `log in to a registry`. */
  readonly to: string;
}

/**
 * What a call gives within a time.
 * @throws {PassingFailure} `timeout` when the time is over; the signal's reason when it is aborted.
 */
export async function within<T>(
  { timeoutMs, signal, to }: WithinOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const both = AbortSignal.any([signal, timeout]);
  try {
    return await unlessAborted(call(both), both);
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new PassingFailure('timeout', `Cannot ${to}: there was no answer within ${timeoutMs / 1000} s`, {});
  }
}

/** What a promise gives; the signal's reason when it is aborted before, whatever becomes of the promise. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
