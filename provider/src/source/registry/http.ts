import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { SourceError } from '../error.js';
import type { Answer } from '../transfer-request.js';
import { failureOfConnection } from './connection-failure.js';
import { type Environment, proxyFor } from './proxy.js';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** Of a body that nobody wants, this much is read to keep the connection. */
const DISCARD_BYTES = 16 * 1024;

/**
 * Connections to registries, kept between requests; through the proxies of the environment, with certificates of the
 * user's own. Follows no redirect and decodes no body.
 */
export class Http {
  readonly #environment: Environment;
  readonly #ca: string[] | undefined;
  readonly #direct: Agent;
  readonly #proxies = new Map<string, ProxyAgent>();

  private constructor(environment: Environment, ca: string[] | undefined) {
    this.#environment = environment;
    this.#ca = ca;
    this.#direct = new Agent({ ...NO_TIMEOUTS, connect: this.#tls() });
  }

  /**
   * @param options.caFile A PEM file of authorities that are trusted beside the usual ones.
   * @throws {SourceError} `unreadable` where that file is not there, or is no such file.
   */
  static async open(options: {
    readonly environment: Environment;
    readonly caFile?: string | undefined;
  }): Promise<Http> {
    const { environment, caFile } = options;
    // Given authorities replace the usual ones.
    const ca = caFile ? [...getCACertificates('default'), ...(await readAuthorities(caFile))] : undefined;
    return new Http(environment, ca);
  }

  /**
   * Asks, and returns when the head of the answer is there. The body must be read or discarded.
   * @throws {SourceError} `unreachable`; the signal's reason when it is aborted.
   */
  async send(url: URL, { method, headers, body, signal }: HttpRequest): Promise<Answer> {
    try {
      const answer = await this.#dispatcherFor(url).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': 'ingot', ...headers },
        body: body ?? null,
        signal,
      });
      return answerOf(answer);
    } catch (error) {
      signal.throwIfAborted();
      throw failureOfConnection(url, error);
    }
  }

  /** Ends all connections, also those in use. */
  async close(): Promise<void> {
    await Promise.all([this.#direct, ...this.#proxies.values()].map((agent) => agent.destroy()));
  }

  #dispatcherFor(url: URL): Dispatcher {
    const proxy = proxyFor(url, this.#environment);
    if (proxy === undefined) return this.#direct;
    let agent = this.#proxies.get(proxy);
    if (agent === undefined) {
      agent = openProxy(proxy, this.#tls());
      this.#proxies.set(proxy, agent);
    }
    return agent;
  }

  #tls(): { ca?: string[] } {
    return this.#ca === undefined ? {} : { ca: this.#ca };
  }
}

/** Whoever asks watches the time: only they know whether they are waiting for the server or it for them. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 };

function openProxy(proxy: string, tls: { ca?: string[] }): ProxyAgent {
  if (!URL.canParse(proxy)) {
    throw new SourceError('unreachable', 'Cannot use the proxy of HTTP_PROXY or HTTPS_PROXY: it is no address');
  }
  // Tunnels are for TLS; many proxies refuse others.
  return new ProxyAgent({ ...NO_TIMEOUTS, uri: proxy, requestTls: tls, proxyTls: tls, proxyTunnel: false });
}

function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData): Answer {
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    body,
    discard: async () => {
      // A body that is ended early says so in an error that nobody waits for.
      body.on('error', () => undefined);
      await body.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    },
  };
}

async function readAuthorities(path: string): Promise<string[]> {
  const fail = (what: string, cause?: unknown) =>
    new SourceError('unreadable', `Cannot use ${path} as INGOT_REGISTRY_CA: ${what}; wanted a PEM file`, {
      cause,
      context: { path },
    });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw fail('it holds no certificate');
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw fail('it holds a certificate that cannot be read', error);
    }
  }
  return certificates;
}
