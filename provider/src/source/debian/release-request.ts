import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SourceError } from '../error.js';
import type { Http } from '../registry/http.js';
import { failureOfRequest, failureOfStall, PassingFailure, shownAddress } from '../transfer-failure.js';
import { failureOfAnswer } from './fetch-failure.js';
import { sendThrough } from './send.js';

/** RFC 9110 section 8.8: by what a later request can ask whether something has changed. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface Answer {
  /** Undefined where it has not changed. */
  readonly text?: string;
  readonly validators: Validators;
}

/** How patient a request is. */
export interface RequestPatience {
  /** Requests in all, the first one included. */
  readonly attempts: number;
  /** Before the second request; doubled for each further one. */
  readonly firstDelayMs: number;
  /** Longest time from a request to the beginning of its answer. */
  readonly silenceMs: number;
  /** Longest time from a request to the end of its answer. */
  readonly timeoutMs: number;
}

/** What is silent is given up after a minute in all; what is slow may take one for each answer. */
const PATIENCE: RequestPatience = { attempts: 3, firstDelayMs: 300, silenceMs: 20_000, timeoutMs: 60_000 };
/** What a server asks for in Retry-After is followed up to this. */
const MAX_DELAY_MS = 10_000;

export interface RequestOptions {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** What the answer to an earlier request said: if it still holds, there is no text. */
  readonly known?: Validators | undefined;
  readonly patience?: RequestPatience | undefined;
  /** Connections that know the proxies. Default: those of Node, which know none. */
  readonly http?: Http | undefined;
  /** `latin1` keeps bytes as they are, one for one. Default: `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
}

/**
 * A small text from an `http:`, `https:` or `file:` address. What may be over soon is tried three times in all.
 * @throws {SourceError} `not-found`, `forbidden`, `rate-limited`, `bad-answer`, `unreachable`, `timeout`, `too-large`.
 */
export async function requestText(url: URL, options: RequestOptions): Promise<Answer> {
  if (url.protocol === 'file:') return { text: await readLocal(url, options), validators: {} };
  const { signal, patience = PATIENCE } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await requestOnce(url, options, patience);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingFailure) || isFinal(error) || attempt === patience.attempts) throw error;
      const delayMs = Math.max(patience.firstDelayMs * 2 ** (attempt - 1), error.retryAfterMs ?? 0);
      await sleep(Math.min(delayMs, MAX_DELAY_MS), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Nobody listens there, or nobody has that name: the address is wrong, or the network is down. */
function isFinal(failure: PassingFailure): boolean {
  return /ECONNREFUSED|ENOTFOUND/.test(failure.message);
}

async function requestOnce(
  url: URL,
  options: RequestOptions,
  { silenceMs, timeoutMs }: Pick<RequestPatience, 'silenceMs' | 'timeoutMs'>,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  const known = options.known ?? {};
  try {
    const signal = AbortSignal.any([options.signal, timeout, silence.signal]);
    const answer = await sendThrough(options.http)(url, { headers: headersOf(known), signal });
    clearTimeout(timer);
    const [etag, lastModified] = [answer.header('etag'), answer.header('last-modified')];
    const validators = { ...(etag ? { etag } : {}), ...(lastModified ? { lastModified } : {}) };
    if (answer.status === 304 && options.known !== undefined) {
      await answer.discard();
      return { validators: { ...known, ...validators } };
    }
    if (answer.status !== 200) {
      await answer.discard();
      throw failureOfAnswer(url, answer.status, answer.header('retry-after'));
    }
    return { text: await gather(url, answer.body, options), validators };
  } catch (error) {
    if (error instanceof SourceError) throw error;
    options.signal.throwIfAborted();
    if (silence.signal.aborted) throw failureOfStall(url, silenceMs);
    throw timeout.aborted ? failureOfStall(url, timeoutMs) : failureOfRequest(url, error);
  } finally {
    clearTimeout(timer);
  }
}

async function readLocal(url: URL, options: RequestOptions): Promise<string> {
  const { signal } = options;
  try {
    return await gather(url, createReadStream(fileURLToPath(url), { signal }), options);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SourceError) throw error;
    const missing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    throw new SourceError(
      missing ? 'not-found' : 'io',
      `Cannot read ${shownAddress(url)}: ${missing ? 'there is no such file' : (error as Error).message}`,
      { cause: error },
    );
  }
}

async function gather(
  url: URL,
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, encoding = 'utf8' }: RequestOptions,
): Promise<string> {
  const gathered: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) {
      throw new SourceError('too-large', `Cannot fetch ${shownAddress(url)}: it has more than ${maxBytes} bytes`);
    }
    gathered.push(chunk);
  }
  return Buffer.concat(gathered).toString(encoding);
}

function headersOf({ etag, lastModified }: Validators): Record<string, string> {
  return {
    // A cache on the way must ask the mirror: a stale release is what a revalidation is to find out.
    'cache-control': 'no-cache',
    ...(etag ? { 'if-none-match': etag } : {}),
    ...(lastModified ? { 'if-modified-since': lastModified } : {}),
  };
}
