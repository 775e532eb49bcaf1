import { z } from 'zod';
import { SourceError, type SourceErrorCode } from '../error.js';
import { PassingFailure, retryAfterMs } from '../transfer-failure.js';
import type { Answer } from '../transfer-request.js';
import type { Login } from './login.js';
import { readSmall } from './small-answer.js';

/** What registries say of errors (distribution-spec, "Error Codes"). Their messages are not shown: they say anything. */
const Errors = z.object({ errors: z.array(z.object({ code: z.string().regex(/^[A-Z0-9_]{1,40}$/) })).min(1) });
const MAX_BYTES = 64 * 1024;

export interface AnsweredOptions {
  /** What was asked for, in words: `the manifest of docker.io/library/alpine:3`. */
  readonly what: string;
  readonly url: URL;
  /** Another server than the registry answered. */
  readonly isElsewhere: boolean;
  /** By which the registry was to let us in. */
  readonly login: Pick<Login, 'looked' | 'from'> | undefined;
  readonly signal: AbortSignal;
}

/** What an answer means that is not the wanted one. Reads its body. */
export async function failureOfAnswer(answer: Answer, options: AnsweredOptions): Promise<SourceError> {
  const { what, url, isElsewhere, login } = options;
  const { status } = answer;
  const said = await errorCodeIn(answer, options);
  const from = `${what} from ${url.host}`;
  const because = said === undefined ? `HTTP status ${status}` : `HTTP status ${status}, ${said}`;
  const message = (text: string, advice = '') => `Cannot fetch ${from}: ${text} (${because})${advice && `; ${advice}`}`;
  const context = { context: { path: what } };
  const passing = (code: SourceErrorCode, text: string, advice?: string) =>
    new PassingFailure(code, message(text, advice), { retryAfterMs: retryAfterMs(answer.header('retry-after')) });
  if (status === 429 || said === 'TOOMANYREQUESTS') {
    const advice = 'log in to have more (docker login, or podman login), or name a mirror in INGOT_REGISTRY_MIRRORS';
    return passing('rate-limited', 'the registry gives no more for now', advice);
  }
  if (status === 408 || status >= 500) return passing('bad-answer', 'the server has a problem');
  // A signed address is good for some minutes: the registry gives another one.
  if (isElsewhere && (status === 401 || status === 403)) return passing('forbidden', 'its store refuses access');
  if (status === 401 || status === 403) {
    return new SourceError('forbidden', message(refusalOf(status), adviceFor(login)), context);
  }
  if (status === 404 || status === 410) {
    return new SourceError(
      'not-found',
      message('there is no such thing', 'check the name, the tag and the host'),
      context,
    );
  }
  if (status === 407) return new SourceError('forbidden', message('the proxy refuses access'), context);
  return new SourceError('bad-answer', message('the server does not send it'), context);
}

function refusalOf(status: number): string {
  return status === 401 ? 'it is not there, or wants other credentials' : 'the registry refuses access';
}

/** Says where credentials were looked for: half of all such errors are a file in another place. */
function adviceFor(login: AnsweredOptions['login']): string {
  if (login?.from !== undefined) {
    return `it does not accept what is in ${login.from}; log in again with docker login or podman login`;
  }
  const looked = login?.looked ?? [];
  const where = looked.length === 0 ? '' : `; there are no credentials for it in ${looked.join(', ')}`;
  return `log in with docker login or podman login${where}`;
}

async function errorCodeIn(answer: Answer, { url, signal }: AnsweredOptions): Promise<string | undefined> {
  try {
    const bytes = await readSmall(answer, { url, maxBytes: MAX_BYTES, signal });
    return Errors.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data?.errors[0]?.code;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
