import { type Answer, type RequestOptions, requestPart } from '../transfer-request.js';
import { failureOfAnswer } from './fetch-failure.js';

/**
 * One HTTP request for a file, or for the rest of it; the bytes from `from` on, whether or not the server can begin
 * there.
 * @throws {PassingFailure} for what may be over soon.
 * @throws {SourceError} for the rest: `not-found`, `forbidden`, `bad-answer`, `size-mismatch`.
 */
export function requestFile(url: URL, options: RequestOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const send = async (headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
    answerOf(await fetch(withoutCredentials(url), { headers: { ...headers, ...credentialsOf(url) }, signal }));
  const failureOf = (answer: Answer) => failureOfAnswer(url, answer.status, answer.header('retry-after'));
  return requestPart(url, { send, failureOf }, options);
}

function answerOf(response: Response): Answer {
  const { status, headers, body } = response;
  return {
    status,
    header: (name) => headers.get(name) ?? undefined,
    body: body ?? toBody([]),
    discard: async () => body?.cancel(),
  };
}

async function* toBody(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

function credentialsOf(url: URL): Record<string, string> {
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return credentials === ':' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** fetch() refuses addresses with credentials, and repeats them in its error. */
function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}
