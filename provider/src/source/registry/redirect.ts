import { SourceError } from '../error.js';
import { shownAddress } from '../transfer-failure.js';
import type { Answer } from '../transfer-request.js';
import { withoutCredentials } from './credentials.js';
import type { Http, HttpRequest } from './http.js';

/** One to a region, one to a store, and some to spare. */
const MAX_HOPS = 8;
/** RFC 9110 section 15.4. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface FollowOptions extends Omit<HttpRequest, 'body'> {
  /** Sent to the origin that is asked first, and to no other. */
  readonly authorization?: string | undefined;
  readonly mayBePlain: (url: URL) => boolean;
}

export interface Followed {
  readonly answer: Answer;
  /** Where the answer is from. Its query may hold a signature: not to be shown. */
  readonly url: URL;
  /** Whether a redirect led to another origin: what is said there is not the first one's word. */
  readonly isElsewhere: boolean;
}

/**
 * Asks, and follows redirects; credentials stay with the origin that they are for.
 * @throws {SourceError} `bad-answer` for redirects without end, to nowhere, or from TLS to what may not be plain.
 */
export async function follow(http: Http, start: URL, options: FollowOptions): Promise<Followed> {
  const { authorization, mayBePlain, method, headers, signal } = options;
  const fail = (what: string) => new SourceError('bad-answer', `Cannot fetch ${shownAddress(start)}: ${what}`);
  let url = start;
  let isElsewhere = false;
  for (let hop = 0; hop <= MAX_HOPS; hop++) {
    const own = authorization === undefined || isElsewhere ? headers : { ...headers, authorization };
    const answer = await http.send(url, { method, headers: own, signal });
    if (!REDIRECTS.has(answer.status)) return { answer, url, isElsewhere };
    const location = answer.header('location');
    await answer.discard();
    if (location === undefined || !URL.canParse(location, url.href)) throw fail('the server redirects to nowhere');
    const next = withoutCredentials(new URL(location, url));
    if (!/^https?:$/.test(next.protocol)) throw fail('the server redirects to what is no web address');
    if (!mayBePlain(next)) {
      throw fail(
        `the server redirects to ${next.host} without TLS; if that is meant to be, name it in INGOT_REGISTRY_INSECURE`,
      );
    }
    // Once elsewhere, always: that server chose what is asked for next.
    isElsewhere ||= next.origin !== start.origin;
    url = next;
  }
  throw fail(`the server redirects more than ${MAX_HOPS} times`);
}
