import { SourceError, type SourceErrorCode } from './error.js';

/** A failure that may be over when we ask again. */
export class PassingFailure extends SourceError {
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(code: SourceErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number | undefined }) {
    super(code, message, options);
    this.name = 'SourceError';
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An address that may be shown: without user name, password and query, where secrets are kept. */
export function shownAddress(url: URL): string {
  return url.protocol === 'file:' ? url.pathname : `${url.protocol}//${url.host}${url.pathname}`;
}

/** What went wrong before or within an answer. */
export function failureOfRequest(url: URL, error: unknown): PassingFailure {
  if (error instanceof PassingFailure) return error;
  return new PassingFailure('unreachable', `Cannot fetch ${shownAddress(url)}: ${reasonOf(error)}`, { cause: error });
}

export function failureOfStall(url: URL, stallMs: number): PassingFailure {
  const what = `the server sent nothing for ${stallMs / 1000} s`;
  return new PassingFailure('timeout', `Cannot fetch ${shownAddress(url)}: ${what}`, {});
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name cannot be looked up now',
  ECONNREFUSED: 'its host refuses the connection',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  UND_ERR_SOCKET: 'the connection broke',
  ENETUNREACH: 'there is no way to its host',
  EHOSTUNREACH: 'there is no way to its host',
  ETIMEDOUT: 'its host does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'its host does not answer',
};

function reasonOf(error: unknown): string {
  const inner = innermost(error);
  if (!(inner instanceof Error)) return String(inner);
  const code = (inner as NodeJS.ErrnoException).code;
  const reason = REASONS[code ?? ''];
  return reason === undefined ? inner.message : `${reason} (${code})`;
}

/** The innermost cause says what happened; fetch() itself only says that it failed. */
export function innermost(error: unknown): unknown {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner;
}

/** RFC 9110 section 10.2.3, the form in seconds; the other one needs a clock that agrees with the server's. */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  return header && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
