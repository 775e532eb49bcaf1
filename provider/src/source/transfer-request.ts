import { SourceError } from './error.js';
import { failureOfRequest, failureOfStall, shownAddress } from './transfer-failure.js';

/** An answer of a server whose head has come; its body is still to be read, or to be discarded. */
export interface Answer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the answer without reading its body. */
  discard(): Promise<void>;
}

export interface RequestOptions {
  /** Size of the whole file; undefined where nobody knows it. */
  readonly sizeBytes: number | undefined;
  /** Where to begin. */
  readonly from: number;
  /** Longest wait for the answer, and for each further piece of it. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/** How a request is made, and what its answers mean. */
export interface Exchange {
  readonly send: (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>;
  /** What an answer means that is not the file; it need not be discarded. */
  readonly failureOf: (answer: Answer) => SourceError | Promise<SourceError>;
}

/**
 * One request for a file, or for the rest of it; the bytes from `from` on, whether or not the server can begin there.
 * @throws {PassingFailure} for what may be over soon.
 * @throws {SourceError} for the rest: what `failureOf` says, `bad-answer`, `size-mismatch`.
 */
export async function* requestPart(
  url: URL,
  { send, failureOf }: Exchange,
  options: RequestOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { from, signal } = options;
  const stall = new Stall(options.stallMs);
  stall.start();
  try {
    const headers = {
      // What is fetched is compressed already; a server that compresses again changes sizes and ranges.
      'accept-encoding': 'identity',
      ...(from > 0 ? { range: `bytes=${from}-` } : {}),
    };
    const answer = await send(headers, AbortSignal.any([signal, stall.signal]));
    const problem = problemOf(url, answer, options) ?? (isFile(answer, from) ? undefined : await failureOf(answer));
    if (problem !== undefined) {
      await answer.discard();
      throw problem;
    }
    let skip = answer.status === 206 ? 0 : from;
    for await (const chunk of answer.body) {
      // The reader may take its time: only the server's silence counts.
      stall.stop();
      if (skip < chunk.byteLength) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.byteLength);
      stall.start();
    }
  } catch (error) {
    if (error instanceof SourceError) throw error;
    signal.throwIfAborted();
    throw stall.signal.aborted ? failureOfStall(url, options.stallMs) : failureOfRequest(url, error);
  } finally {
    stall.stop();
  }
}

function isFile(answer: Answer, from: number): boolean {
  return answer.status === 200 || (answer.status === 206 && from > 0);
}

/** What is wrong with a file that a server would send. */
function problemOf(url: URL, answer: Answer, { from, sizeBytes }: RequestOptions): SourceError | undefined {
  if (answer.status === 206 && from > 0) {
    // RFC 9110 section 14.4: `bytes first-last/complete`.
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header('content-range') ?? '');
    if (range !== null && Number(range[1]) === from && (range[2] === '*' || Number(range[2]) === sizeBytes)) return;
    return new SourceError('bad-answer', `Cannot fetch ${shownAddress(url)}: the server sends another part than asked`);
  }
  const length = answer.header('content-length');
  if (answer.status !== 200 || length === undefined || answer.header('content-encoding') !== undefined) return;
  if (sizeBytes === undefined) return;
  if (Number(length) === sizeBytes) return;
  return new SourceError(
    'size-mismatch',
    `Cannot fetch ${shownAddress(url)}: the server has ${length} bytes; ${sizeBytes} are pinned`,
    { context: { got: length, want: `${sizeBytes}` } },
  );
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
