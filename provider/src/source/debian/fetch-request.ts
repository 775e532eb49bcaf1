import { type Answer, type RequestOptions, requestPart } from '../transfer-request.js';
import { failureOfAnswer } from './fetch-failure.js';
import type { Send } from './send.js';

/**
 * One HTTP request for a file, or for the rest of it; the bytes from `from` on, whether or not the server can begin
 * there.
 * @throws {PassingFailure} for what may be over soon.
 * @throws {SourceError} for the rest: `not-found`, `forbidden`, `bad-answer`, `size-mismatch`.
 */
export function requestFile(
  url: URL,
  { send, ...options }: RequestOptions & { readonly send: Send },
): AsyncGenerator<Uint8Array, void, undefined> {
  const failureOf = (answer: Answer) => failureOfAnswer(url, answer.status, answer.header('retry-after'));
  return requestPart(url, { send: (headers, signal) => send(url, { headers, signal }), failureOf }, options);
}
