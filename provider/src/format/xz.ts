import type { Worker } from 'node:worker_threads';
import { FormatError, type FormatErrorCode } from './error.js';
import { type FromWorker, returnWorker, type ToWorker, takeWorker } from './xz-worker.js';

export interface DecompressOptions {
  /** Most bytes to give; an input that holds more is refused. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Decompresses an .xz file (The .xz File Format 1.2.1), also one of several streams. Works in another thread, at most
 * two at once in a process. CRC32 and CRC64 are verified.
 * @throws {FormatError} `truncated`, `corrupt`, `malformed`; `unsupported` for SHA-256 checks and filters other than
 *   LZMA2; `too-large` beyond `maxBytes`, and for dictionaries above 64 MiB.
 */
export async function* decompressXz(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = piecesOf(chunks);
  const worker = await takeWorker(options.signal);
  const stream = new WorkerStream(worker, { input, signal: options.signal });
  try {
    let sizeBytes = 0;
    for (;;) {
      const chunk = await stream.next();
      if (chunk === null) break;
      sizeBytes += chunk.byteLength;
      if (sizeBytes > options.maxBytes) {
        throw new FormatError('too-large', `Cannot decompress xz data: it holds more than ${options.maxBytes} bytes`);
      }
      yield chunk;
    }
  } finally {
    returnWorker(worker, stream.close());
    const closing = input.return();
    // An input that is being asked cannot be closed before it answers, which may be never.
    if (stream.asking) closing.catch(() => undefined);
    else await closing;
  }
}

/** The numbers are those of enum xz_ret of XZ Embedded, which the decoder is made of. */
const FAILURES: Readonly<Record<string, readonly [FormatErrorCode, string]>> = {
  2: ['unsupported', 'its integrity check is of a kind that is not known'],
  3: ['too-large', 'it needs too much memory'],
  4: ['too-large', 'it needs too much memory'],
  5: ['malformed', 'it is not xz data, or something follows its end'],
  6: ['unsupported', 'it uses a filter or a check that is not known; LZMA2 with CRC32 or CRC64 is'],
  7: ['corrupt', 'it is damaged'],
  8: ['truncated', 'it ends too early'],
};

function failureOf(message: string): Error {
  const number = /error code (\d+)$/.exec(message)?.[1] ?? '';
  const [code, what] = FAILURES[number] ?? ['corrupt', message];
  return new FormatError(code, `Cannot decompress xz data: ${what}`);
}

/** The talk with a worker about one stream. */
class WorkerStream {
  readonly #worker: Worker;
  readonly #input: AsyncIterator<Uint8Array<ArrayBuffer>>;
  readonly #signal: AbortSignal | undefined;
  readonly #output: Uint8Array[] = [];
  #asking = false;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(
    worker: Worker,
    options: { input: AsyncIterator<Uint8Array<ArrayBuffer>>; signal: AbortSignal | undefined },
  ) {
    this.#worker = worker;
    this.#input = options.input;
    this.#signal = options.signal;
    worker.on('message', this.#onMessage);
    worker.on('error', this.#fail);
    worker.on('exit', this.#onExit);
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#say({ type: 'begin' });
  }

  /** Whether the input has been asked for more and has not answered yet. */
  get asking(): boolean {
    return this.#asking;
  }

  /** The next piece; null at the end. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const chunk = this.#output.shift();
      if (chunk !== undefined) {
        this.#say({ type: 'taken' });
        return chunk;
      }
      if (this.#ended) return null;
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  /** Ends the talk; returns whether the worker came to the end of the stream and can be given another. */
  close(): boolean {
    this.#worker.off('message', this.#onMessage);
    this.#worker.off('error', this.#fail);
    this.#worker.off('exit', this.#onExit);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    return this.#ended;
  }

  readonly #onMessage = (message: FromWorker): void => {
    if (message.type === 'need') void this.#giveInput();
    else if (message.type === 'output') this.#output.push(message.chunk);
    else if (message.type === 'end') this.#ended = true;
    else this.#fail(failureOf(message.message));
    this.#wake?.();
  };

  readonly #onExit = (): void => this.#fail(new Error('the decompressing thread ended'));

  readonly #onAbort = (): void => this.#fail(this.#signal?.reason);

  readonly #fail = (error: unknown): void => {
    this.#failure ??= { error };
    this.#wake?.();
  };

  async #giveInput(): Promise<void> {
    this.#asking = true;
    try {
      const { done, value } = await this.#input.next();
      this.#say({ type: 'input', chunk: done === true ? null : value });
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#asking = false;
    }
  }

  #say(message: ToWorker): void {
    this.#worker.postMessage(message, message.type === 'input' && message.chunk ? [message.chunk.buffer] : []);
  }
}

/**
 * Input in pieces that may be sent to another thread, none of them empty, at least one in all: the decoder knows
 * neither empty input nor empty chunks.
 */
async function* piecesOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let empty = true;
  for await (const chunk of chunks) {
    if (chunk.byteLength === 0) continue;
    empty = false;
    // A copy, since what is sent is gone here, and a view would take all of its buffer along.
    yield new Uint8Array(chunk);
  }
  if (empty) throw new FormatError('truncated', 'Cannot decompress xz data: there is none');
}
