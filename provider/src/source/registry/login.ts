import { SourceError } from '../error.js';
import type { Answer } from '../transfer-request.js';
import { type Challenge, parseChallenges } from './challenge.js';
import { basicAuthorization, type Credentials } from './credentials.js';
import type { Endpoint } from './endpoint.js';
import { type Found, findCredentials } from './find-credentials.js';
import type { Http } from './http.js';
import type { Environment } from './proxy.js';
import { requestToken } from './token.js';
import { within } from './within.js';

export interface LoginsOptions {
  readonly http: Http;
  readonly environment: Environment;
  readonly mayBePlain: (url: URL) => boolean;
  /** Aborted when nobody needs logins any more. */
  readonly signal: AbortSignal;
  /** Longest wait for a token server. */
  readonly timeoutMs: number;
}

/** How one is let in to a repository. */
export interface Login {
  /** Undefined where there is nothing to be let in with, or it is not accepted. */
  readonly authorization?: string | undefined;
  /** Where credentials were looked for. */
  readonly looked: readonly string[];
  /** Where they were found. */
  readonly from?: string | undefined;
}

/**
 * Logins by endpoint and repository, each made once for all who wait for it, and made anew when the registry no longer
 * accepts it: tokens are good for some minutes.
 */
export class Logins {
  readonly #options: LoginsOptions;
  readonly #logins = new Map<string, Promise<Login>>();
  readonly #found = new Map<string, Promise<Found>>();

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** The login that there is, if there is one. Waits for one that is being made. */
  async current(endpoint: Endpoint, repository: string): Promise<Login | undefined> {
    return this.#logins.get(keyOf(endpoint, repository))?.catch(() => undefined);
  }

  /** A login that answers a challenge (a 401); `refused` is the one that brought it about. */
  renew(
    endpoint: Endpoint,
    {
      repository,
      answer,
      refused,
    }: { readonly repository: string; readonly answer: Answer; readonly refused?: Login | undefined },
  ): Promise<Login> {
    const key = keyOf(endpoint, repository);
    const challenges = parseChallenges(answer.header('www-authenticate') ?? '');
    const made = this.#logins.get(key);
    const next =
      made === undefined
        ? this.#make(endpoint, repository, challenges)
        : made.then(
            // Somebody else was quicker.
            (login) => (login === refused ? this.#make(endpoint, repository, challenges) : login),
            () => this.#make(endpoint, repository, challenges),
          );
    this.#logins.set(key, next);
    // Whoever waits for it is told; they may have gone.
    next.catch(() => undefined);
    return next;
  }

  async #make(endpoint: Endpoint, repository: string, challenges: readonly Challenge[]): Promise<Login> {
    const found = await this.#credentials(endpoint, repository);
    const { credentials, looked, file: from } = found;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      return { authorization: await this.#bearer(bearer, { repository, credentials }), looked, from };
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      throw new SourceError(
        'unsupported',
        `Cannot log in to ${endpoint.root.host}: it offers neither Basic nor Bearer authentication`,
      );
    }
    return { authorization: basicOf(credentials), looked, from };
  }

  async #bearer(
    challenge: Challenge,
    { repository, credentials }: { readonly repository: string; readonly credentials: Credentials | undefined },
  ): Promise<string | undefined> {
    if (credentials?.kind === 'bearer') return bearerOf(credentials.token);
    const { http, mayBePlain, timeoutMs, signal: outer } = this.#options;
    const token = await within({ timeoutMs, signal: outer, to: 'log in to a registry' }, (signal) =>
      requestToken(http, { challenge, repository, credentials, mayBePlain, signal }),
    );
    return token === undefined ? undefined : bearerOf(token);
  }

  /** Looked for once: helpers may ask their owner for leave. */
  #credentials(endpoint: Endpoint, repository: string): Promise<Found> {
    if (endpoint.credentials !== undefined) {
      return Promise.resolve({ credentials: endpoint.credentials, looked: [], file: 'the address of the mirror' });
    }
    const key = keyOf(endpoint, repository);
    let found = this.#found.get(key);
    if (found === undefined) {
      found = findCredentials({ registry: endpoint.registry, repository }, this.#options);
      this.#found.set(key, found);
    }
    return found;
  }
}

function keyOf({ root }: Endpoint, repository: string): string {
  return `${root.href} ${repository}`;
}

function bearerOf(token: string): string | undefined {
  // It goes into a header.
  return /^[\x21-\x7e]+$/.test(token) ? `Bearer ${token}` : undefined;
}

/** An identity token is no password. A bearer token that stands ready is what its owner wants to be sent. */
function basicOf(credentials: Credentials | undefined): string | undefined {
  if (credentials?.kind === 'password') return basicAuthorization(credentials);
  return credentials?.kind === 'bearer' ? bearerOf(credentials.token) : undefined;
}
