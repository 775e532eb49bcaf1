import { PATIENCE } from '../transfer.js';
import type { Answer } from '../transfer-request.js';
import { failureOfAnswer } from './answer-failure.js';
import { type Endpoint, endpointsOf, mayBePlain, withItsScheme } from './endpoint.js';
import { Http } from './http.js';
import { type Login, Logins } from './login.js';
import { parseMirrors, type RegistryMirrors } from './mirrors.js';
import type { Environment } from './proxy.js';
import { type Followed, follow } from './redirect.js';
import { unlessAborted, within } from './within.js';

/** How registries are reached. */
export interface RegistrySettings {
  /** Each `registry=address`, or `address` for all registries; asked in this order, before the registry itself. */
  readonly mirrors?: readonly string[];
  /** Hosts, with their ports where they have one, that are asked without TLS. */
  readonly insecure?: readonly string[];
  /** A PEM file of authorities that are trusted beside the usual ones. */
  readonly caFile?: string | undefined;
  /** Names proxies and the files of Docker and Podman, and is what credential helpers get. */
  readonly environment: Environment;
}

export interface AskOptions {
  readonly repository: string;
  /** Under `ENDPOINT/REPOSITORY/`: `manifests/latest`. */
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  /** In words, for errors: `the manifest of docker.io/library/alpine:3`. */
  readonly what: string;
  readonly signal: AbortSignal;
}

/** Connections and logins to registries, shared by all images of a run. */
export class RegistryClient {
  readonly #http: Http;
  readonly #mirrors: RegistryMirrors;
  readonly #insecure: ReadonlySet<string>;
  readonly #logins: Logins;
  readonly #schemes = new Map<string, Promise<Endpoint>>();
  readonly #closing = new AbortController();

  private constructor(http: Http, settings: RegistrySettings) {
    this.#http = http;
    this.#mirrors = parseMirrors(settings.mirrors ?? []);
    this.#insecure = new Set((settings.insecure ?? []).map((host) => host.toLowerCase()));
    this.#logins = new Logins({
      http,
      environment: settings.environment,
      mayBePlain: (url) => this.#mayBePlain(url),
      signal: this.#closing.signal,
      timeoutMs: PATIENCE.stallMs,
    });
  }

  /** @throws {SourceError} `no-mirror`, `unreadable` for settings that make no sense. */
  static async open(settings: RegistrySettings): Promise<RegistryClient> {
    return new RegistryClient(await Http.open(settings), settings);
  }

  /** Ends what is under way, and all connections. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The client of the registries was closed'));
    await this.#http.close();
  }

  /** Where to ask for the images of a registry, in order; the registry itself is the last. */
  endpointsOf(registry: string): readonly Endpoint[] {
    return endpointsOf(registry, { mirrors: this.#mirrors, insecure: this.#insecure });
  }

  /**
   * Asks for something of a repository: logs in where that is wanted, once more when the login is no longer good, and
   * follows redirects.
   * @returns an answer with status 200 or 206, whose body must be read or discarded.
   * @throws {SourceError} `forbidden`, `not-found`, `rate-limited`, `bad-answer`, `unreachable`, `timeout` …
   */
  async ask(endpoint: Endpoint, options: AskOptions): Promise<Answer> {
    const { repository, signal } = options;
    this.#closing.signal.throwIfAborted();
    const reached = await unlessAborted(this.#reach(endpoint), signal);
    const url = new URL(`${reached.root.href}/${repository}/${options.path}`);
    const login = await unlessAborted(this.#logins.current(reached, repository), signal);
    const first = await this.#follow(url, login, options);
    if (first.answer.status !== 401 || first.isElsewhere) return wanted(first, { ...options, login });
    const renewal = this.#logins.renew(reached, { repository, answer: first.answer, refused: login });
    const renewed = await unlessAborted(renewal, signal);
    if (renewed.authorization === undefined) return wanted(first, { ...options, login: renewed });
    await first.answer.discard();
    return wanted(await this.#follow(url, renewed, options), { ...options, login: renewed });
  }

  /** Asks an address that an image names and that is no registry's: without any login. The answer may be of any status. */
  async askElsewhere(url: URL, options: Pick<AskOptions, 'headers' | 'signal'>): Promise<Answer> {
    this.#closing.signal.throwIfAborted();
    // What comes is known by its digest, so that it may come in the clear.
    return (await follow(this.#http, url, { ...options, method: 'GET', mayBePlain: () => true })).answer;
  }

  #follow(url: URL, login: Login | undefined, { method, headers, signal }: AskOptions): Promise<Followed> {
    const authorization = login?.authorization;
    return follow(this.#http, url, {
      method,
      headers,
      authorization,
      signal,
      mayBePlain: (next) => this.#mayBePlain(next),
    });
  }

  #mayBePlain(url: URL): boolean {
    return mayBePlain(url, { mirrors: this.#mirrors, insecure: this.#insecure });
  }

  /** Found out once per registry; not remembered where it failed. */
  #reach(endpoint: Endpoint): Promise<Endpoint> {
    const key = endpoint.root.href;
    let reached = this.#schemes.get(key);
    if (reached === undefined) {
      const to = `reach ${endpoint.root.host}`;
      const limits = { timeoutMs: PATIENCE.stallMs, signal: this.#closing.signal, to };
      reached = within(limits, (signal) => withItsScheme(endpoint, this.#http, signal));
      this.#schemes.set(key, reached);
      reached.catch(() => this.#schemes.delete(key));
    }
    return reached;
  }
}

async function wanted(
  { answer, url, isElsewhere }: Followed,
  options: AskOptions & { readonly login: Login | undefined },
): Promise<Answer> {
  if (answer.status === 200 || answer.status === 206) return answer;
  try {
    throw await failureOfAnswer(answer, { ...options, url, isElsewhere });
  } finally {
    await answer.discard();
  }
}
