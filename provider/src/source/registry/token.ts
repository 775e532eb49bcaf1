import { z } from 'zod';
import { SourceError } from '../error.js';
import { PassingFailure, retryAfterMs, shownAddress } from '../transfer-failure.js';
import type { Answer } from '../transfer-request.js';
import type { Challenge } from './challenge.js';
import { basicAuthorization, type Credentials, withoutCredentials } from './credentials.js';
import type { Http } from './http.js';
import { follow } from './redirect.js';
import { readSmall } from './small-answer.js';

const MAX_BYTES = 2 ** 20;
/** It goes into a header. */
const Token = z.string().regex(/^[\x21-\x7e]{1,65536}$/);
/** Which name a token has differs from server to server; both are said to be the same (distribution: token.md). */
const TokenAnswer = z.union([
  z.object({ token: Token }).transform(({ token }) => token),
  z.object({ access_token: Token }).transform(({ access_token }) => access_token),
]);

export interface TokenOptions {
  /** `bearer`, as the registry gave it. */
  readonly challenge: Challenge;
  readonly repository: string;
  readonly credentials: Credentials | undefined;
  readonly mayBePlain: (url: URL) => boolean;
  readonly signal: AbortSignal;
}

/**
 * A token to pull from a repository, from the server that the registry names (distribution: token.md, oauth2.md).
 * @returns undefined where that server does not accept the credentials.
 * @throws {SourceError} `bad-answer` for a challenge or an answer that cannot be used; else as requests do.
 */
export async function requestToken(http: Http, options: TokenOptions): Promise<string | undefined> {
  const { challenge, signal } = options;
  const realm = realmOf(options);
  const parameters = parametersOf(challenge, options.repository);
  const answer =
    options.credentials?.kind === 'identity'
      ? await postIdentity(http, realm, { parameters, token: options.credentials.token, signal })
      : await getToken(http, realm, { ...options, parameters });
  if (answer.status === 200) return tokenIn(answer, realm, signal);
  await answer.discard();
  if (answer.status === 401 || answer.status === 403) return undefined;
  throw failureOfStatus(realm, answer);
}

function realmOf({ challenge, mayBePlain }: TokenOptions): URL {
  const text = challenge.parameters.get('realm') ?? '';
  const realm = URL.canParse(text) ? withoutCredentials(new URL(text)) : undefined;
  if (realm === undefined || !/^https?:$/.test(realm.protocol)) {
    throw new SourceError('bad-answer', 'Cannot log in to a registry: its token server (realm) has no web address');
  }
  // Else whoever listens gets the credentials, and whoever answers in its place.
  if (!mayBePlain(realm)) {
    throw new SourceError(
      'bad-answer',
      `Cannot log in at ${shownAddress(realm)}: the registry names this token server without TLS; if that is meant to ` +
        `be, name ${realm.host} in INGOT_REGISTRY_INSECURE`,
    );
  }
  realm.hash = '';
  return realm;
}

function parametersOf({ parameters }: Challenge, repository: string): URLSearchParams {
  const asked = new URLSearchParams();
  const service = parameters.get('service');
  if (service !== undefined) asked.append('service', service);
  const scope = parameters.get('scope') || `repository:${repository}:pull`;
  for (const one of scope.split(' ').filter((part) => part !== '')) asked.append('scope', one);
  return asked;
}

async function getToken(
  http: Http,
  realm: URL,
  { parameters, credentials, mayBePlain, signal }: TokenOptions & { readonly parameters: URLSearchParams },
): Promise<Answer> {
  const url = new URL(realm);
  for (const [name, value] of parameters) url.searchParams.append(name, value);
  const authorization = credentials?.kind === 'password' ? basicAuthorization(credentials) : undefined;
  return (await follow(http, url, { method: 'GET', headers: {}, authorization, mayBePlain, signal })).answer;
}

/** The body holds the secret: it goes nowhere but to the server itself. */
function postIdentity(
  http: Http,
  realm: URL,
  {
    parameters,
    token,
    signal,
  }: { readonly parameters: URLSearchParams; readonly token: string; readonly signal: AbortSignal },
): Promise<Answer> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'ingot', refresh_token: token });
  const service = parameters.get('service');
  if (service !== null) form.append('service', service);
  form.append('scope', parameters.getAll('scope').join(' '));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return http.send(realm, { method: 'POST', headers, body: form.toString(), signal });
}

async function tokenIn(answer: Answer, realm: URL, signal: AbortSignal): Promise<string> {
  const bytes = await readSmall(answer, { url: realm, maxBytes: MAX_BYTES, signal });
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Said below, without the parser's words: they quote what was read.
  }
  const { data } = TokenAnswer.safeParse(json);
  if (data !== undefined) return data;
  throw new SourceError('bad-answer', `Cannot log in at ${shownAddress(realm)}: the server's answer holds no token`);
}

function failureOfStatus(realm: URL, { status, header }: Answer): SourceError {
  const message = (what: string) => `Cannot log in at ${shownAddress(realm)}: ${what} (HTTP status ${status})`;
  if (status === 429 || status === 408 || status >= 500) {
    const [code, what] =
      status === 429
        ? (['rate-limited', 'the server asks to come back later'] as const)
        : (['bad-answer', 'the server has a problem'] as const);
    return new PassingFailure(code, message(what), { retryAfterMs: retryAfterMs(header('retry-after')) });
  }
  return new SourceError('bad-answer', message('the server gives no token'));
}
