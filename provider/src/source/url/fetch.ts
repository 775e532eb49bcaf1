import type { Digest } from '../../model/digest.js';
import type { BlobRange } from '../../model/layer.js';
import type { Progress } from '../../model/progress.js';
import { StoreError } from '../../store/error.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { Http } from '../registry/http.js';
import type { Environment } from '../registry/proxy.js';
import { follow } from '../registry/redirect.js';
import { PATIENCE, type Patience, patiently, transfer } from '../transfer.js';
import { PassingFailure, retryAfterMs, shownAddress } from '../transfer-failure.js';
import { type Answer, type Exchange, requestPart } from '../transfer-request.js';

/** An image is the wrong place for more. */
const MAX_FILE_BYTES = 4 * 2 ** 30;

export interface FetchOptions {
  readonly store: Store;
  /** Names the proxies. */
  readonly environment: Environment;
  readonly offline: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly patience?: Patience;
}

/**
 * The file behind an address, in the store; fetched where it is not there, and kept only if it has the digest.
 * @param property Where it stands in the spec, for errors.
 * @throws {SourceError} `not-found`, `forbidden`, `unreachable`, `timeout`, `rate-limited`, `bad-answer`,
 *   `digest-mismatch`, `too-large`; `unreachable` for a file that is not in the store where `offline` is set.
 */
export async function fetchFile(
  wanted: { readonly url: string | undefined; readonly digest: Digest; readonly property: string },
  options: FetchOptions,
): Promise<BlobRange> {
  const { digest, property } = wanted;
  const { store, signal, progress, offline } = options;
  const address = wanted.url === undefined || !URL.canParse(wanted.url) ? undefined : new URL(wanted.url);
  const fail = (code: SourceError['code'], what: string, cause?: unknown) => {
    const of = address === undefined ? property : shownAddress(address);
    return new SourceError(code, `Cannot fetch ${of}: ${what}`, { cause, context: { path: of, property } });
  };
  const missing = async function* (): AsyncGenerator<Uint8Array> {
    if (address === undefined) throw fail('not-found', `${digest} is not in the cache, and no address is known for it`);
    if (offline)
      throw fail('unreachable', 'it is not in the cache, and Ingot is set to work offline; run once with network');
    let done = 0;
    for await (const { chunk, total } of fetched(address, options)) {
      done += chunk.byteLength;
      progress({ step: `fetching ${shownAddress(address)}`, done, ...(total === undefined ? {} : { total }) });
      yield chunk;
    }
  };
  try {
    const { sizeBytes } = await store.put(missing(), { expect: { digest }, maxBytes: MAX_FILE_BYTES, signal });
    return { blob: digest, offset: 0, sizeBytes };
  } catch (error) {
    if (error instanceof SourceError) throw located(error, property);
    if (!(error instanceof StoreError)) throw error;
    const { got = '' } = error.context;
    if (error.code === 'too-large') throw fail('too-large', `it has more than ${MAX_FILE_BYTES} bytes`, error);
    if (error.code !== 'corrupt') throw error;
    const what = `its digest is ${got}; ${digest} is wanted: check the address, and whether the file was replaced`;
    throw fail('digest-mismatch', what, error);
  }
}

function located({ code, message, cause, context }: SourceError, property: string): SourceError {
  return new SourceError(code, message, { cause, context: { ...context, property } });
}

interface Piece {
  readonly chunk: Uint8Array;
  /** Size of the whole file, where the server says it. */
  readonly total: number | undefined;
}

/** A file in pieces. Where the server says how large it is, a broken transfer goes on where it broke. */
async function* fetched(url: URL, options: FetchOptions): AsyncGenerator<Piece, void, undefined> {
  const { signal, environment, patience = PATIENCE } = options;
  const http = await Http.open({ environment });
  try {
    const exchange: Exchange = {
      // The digest decides what it is, so that it may come in the clear.
      send: async (headers, within) =>
        (await follow(http, url, { method: 'GET', headers, signal: within, mayBePlain: () => true })).answer,
      failureOf: (answer) => failureOf(url, answer),
    };
    const total = await patiently(() => sizeOf(url, exchange, { signal, stallMs: patience.stallMs }), {
      ...{ signal, patience },
    });
    const part = (from: number) =>
      requestPart(url, exchange, { from, sizeBytes: total, stallMs: patience.stallMs, signal });
    const chunks =
      total === undefined ? part(0) : transfer(part, { of: shownAddress(url), sizeBytes: total, signal, patience });
    for await (const chunk of chunks) yield { chunk, total };
  } finally {
    await http.close();
  }
}

/** Asks for the first byte: the answer says how many there are (RFC 9110 section 14.4). Not all servers say it. */
async function sizeOf(
  url: URL,
  { send, failureOf: meaningOf }: Exchange,
  { signal, stallMs }: { readonly signal: AbortSignal; readonly stallMs: number },
): Promise<number | undefined> {
  const headers = { 'accept-encoding': 'identity', range: 'bytes=0-0' };
  const timeout = AbortSignal.timeout(stallMs);
  let answer: Answer;
  try {
    answer = await send(headers, AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new PassingFailure('timeout', `Cannot fetch ${shownAddress(url)}: the server sends nothing`, {
      cause: error,
    });
  }
  try {
    if (answer.status === 206) {
      const total = /^bytes 0-0\/(\d{1,15})$/.exec(answer.header('content-range') ?? '')?.[1];
      return total === undefined ? undefined : Number(total);
    }
    // Of an empty file no byte can be had.
    if (answer.status === 416) return undefined;
    if (answer.status !== 200) throw await meaningOf(answer);
    const length = answer.header('content-encoding') === undefined ? answer.header('content-length') : undefined;
    return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
  } finally {
    await answer.discard();
  }
}

/** What an answer means that is not the file. */
export function failureOf(url: URL, answer: Answer): SourceError {
  const { status } = answer;
  const message = (what: string) => `Cannot fetch ${shownAddress(url)}: ${what} (HTTP status ${status})`;
  if (status === 404 || status === 410) {
    return new SourceError('not-found', message('the server has no such file; check the address'));
  }
  if (status === 401 || status === 403 || status === 407) {
    return new SourceError('forbidden', message('the server refuses access'));
  }
  const passing = { retryAfterMs: retryAfterMs(answer.header('retry-after')) };
  if (status === 429) return new PassingFailure('rate-limited', message('the server asks to come back later'), passing);
  if (status === 408 || status >= 500) {
    return new PassingFailure('bad-answer', message('the server has a problem'), passing);
  }
  return new SourceError('bad-answer', message('the server does not send the file'));
}
