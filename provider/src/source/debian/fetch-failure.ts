import { SourceError, type SourceErrorCode } from '../error.js';
import { PassingFailure, retryAfterMs, shownAddress } from '../transfer-failure.js';

/** What a status other than the wanted one means. */
export function failureOfAnswer(url: URL, status: number, retryAfter: string | null | undefined): SourceError {
  const fail = (code: SourceErrorCode, what: string) =>
    new SourceError(code, `Cannot fetch ${shownAddress(url)}: ${what} (HTTP status ${status})`);
  if (status === 404 || status === 410) {
    return fail(
      'not-found',
      'the server has no such file; mirrors drop old versions: pin again, or use one that keeps them',
    );
  }
  if (status === 401 || status === 403 || status === 407) return fail('forbidden', 'the server refuses access');
  const passing = (code: SourceErrorCode, what: string) =>
    new PassingFailure(code, `Cannot fetch ${shownAddress(url)}: ${what} (HTTP status ${status})`, {
      retryAfterMs: retryAfterMs(retryAfter),
    });
  if (status === 429) return passing('rate-limited', 'the server asks to come back later');
  if (status === 408 || status >= 500) return passing('bad-answer', 'the server has a problem');
  return fail('bad-answer', 'the server does not send the file');
}
