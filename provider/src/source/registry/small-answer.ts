import { SourceError } from '../error.js';
import { failureOfRequest, shownAddress } from '../transfer-failure.js';
import type { Answer } from '../transfer-request.js';

export interface SmallOptions {
  /** What the answer is to, for errors. */
  readonly url: URL;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The whole body of an answer.
 * @throws {SourceError} `too-large`, before more than `maxBytes` are in memory; `unreachable` where it breaks off.
 */
export async function readSmall(answer: Answer, { url, maxBytes, signal }: SmallOptions): Promise<Uint8Array> {
  const tooLarge = () =>
    new SourceError('too-large', `Cannot fetch ${shownAddress(url)}: it has more than ${maxBytes} bytes`);
  if (Number(answer.header('content-length') ?? 0) > maxBytes) {
    await answer.discard();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer.body) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SourceError ? error : failureOfRequest(url, error);
  }
  return Buffer.concat(chunks, sizeBytes);
}
