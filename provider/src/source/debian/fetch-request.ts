import { SourceError } from '../error.js';
import { failureOfAnswer, failureOfRequest, failureOfStall, shownAddress } from './fetch-failure.js';

export interface RequestOptions {
  /** Size of the whole file. */
  readonly sizeBytes: number;
  /** Where to begin. */
  readonly from: number;
  /** Longest wait for the answer, and for each further piece of it. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/**
 * One HTTP request for a file, or for the rest of it; the bytes from `from` on, whether or not the server can begin
 * there.
 * @throws {PassingFailure} for what may be over soon.
 * @throws {SourceError} for the rest: `not-found`, `forbidden`, `bad-answer`, `size-mismatch`.
 */
export async function* requestFile(url: URL, options: RequestOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const stall = new Stall(options.stallMs);
  stall.start();
  try {
    const answer = await fetch(withoutCredentials(url), {
      headers: headersOf(url, options.from),
      signal: AbortSignal.any([options.signal, stall.signal]),
    });
    let skip = await checkAnswer(url, { answer, options });
    for await (const chunk of answer.body ?? []) {
      // The reader may take its time: only the server's silence counts.
      stall.stop();
      if (skip < chunk.byteLength) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.byteLength);
      stall.start();
    }
  } catch (error) {
    if (error instanceof SourceError) throw error;
    options.signal.throwIfAborted();
    throw stall.signal.aborted ? failureOfStall(url, options.stallMs) : failureOfRequest(url, error);
  } finally {
    stall.stop();
  }
}

/** Checks status and size; returns how many bytes at the beginning of the body are not wanted. */
async function checkAnswer(
  url: URL,
  { answer, options }: { readonly answer: Response; readonly options: RequestOptions },
): Promise<number> {
  const { from, sizeBytes } = options;
  if (answer.status === 206 && from > 0) {
    // RFC 9110 section 14.4: `bytes first-last/complete`.
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers.get('content-range') ?? '');
    if (range !== null && Number(range[1]) === from && (range[2] === '*' || Number(range[2]) === sizeBytes)) return 0;
    await answer.body?.cancel();
    throw new SourceError('bad-answer', `Cannot fetch ${shownAddress(url)}: the server sends another part than asked`);
  }
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw failureOfAnswer(url, answer);
  }
  const length = answer.headers.get('content-length');
  if (length !== null && answer.headers.get('content-encoding') === null && Number(length) !== sizeBytes) {
    await answer.body?.cancel();
    throw new SourceError(
      'size-mismatch',
      `Cannot fetch ${shownAddress(url)}: the server has ${length} bytes; ${sizeBytes} are pinned`,
      { context: { got: length, want: `${sizeBytes}` } },
    );
  }
  return from;
}

function headersOf(url: URL, from: number): Record<string, string> {
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    // Packages are compressed already; a server that compresses again changes sizes and ranges.
    'accept-encoding': 'identity',
    ...(from > 0 ? { range: `bytes=${from}-` } : {}),
    ...(credentials === ':' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
  };
}

/** fetch() refuses addresses with credentials, and repeats them in its error. */
function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

/** A signal that is aborted when nothing happens for a while. */
class Stall {
  readonly #abort = new AbortController();
  readonly #stallMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  start(): void {
    this.#timer = setTimeout(() => this.#abort.abort(), this.#stallMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
