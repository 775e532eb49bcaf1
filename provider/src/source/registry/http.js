"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Http = void 0;
const node_crypto_1 = require("node:crypto");
const promises_1 = require("node:fs/promises");
const node_tls_1 = require("node:tls");
const undici_1 = require("undici");
const error_js_1 = require("../error.js");
const connection_failure_js_1 = require("./connection-failure.js");
const proxy_js_1 = require("./proxy.js");
/** Of a body that nobody wants, this much is read to keep the connection. */
const DISCARD_BYTES = 16 * 1024;
/**
 * Connections to registries, kept between requests; through the proxies of the environment, with certificates of the
 * user's own. Follows no redirect and decodes no body.
 */
class Http {
    #environment;
    #ca;
    #direct;
    #proxies = new Map();
    constructor(environment, ca) {
        this.#environment = environment;
        this.#ca = ca;
        this.#direct = new undici_1.Agent({ ...NO_TIMEOUTS, connect: this.#tls() });
    }
    /**
     * @param options.caFile A PEM file of authorities that are trusted beside the usual ones.
     * @throws {SourceError} `unreadable` where that file is not there, or is no such file.
     */
    static async open(options) {
        const { environment, caFile } = options;
        // Given authorities replace the usual ones.
        const ca = caFile ? [...(0, node_tls_1.getCACertificates)('default'), ...(await readAuthorities(caFile))] : undefined;
        return new Http(environment, ca);
    }
    /**
     * Asks, and returns when the head of the answer is there. The body must be read or discarded.
     * @throws {SourceError} `unreachable`; the signal's reason when it is aborted.
     */
    async send(url, { method, headers, body, signal }) {
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
        }
        catch (error) {
            signal.throwIfAborted();
            throw (0, connection_failure_js_1.failureOfConnection)(url, error);
        }
    }
    /** Ends all connections, also those in use. */
    async close() {
        await Promise.all([this.#direct, ...this.#proxies.values()].map((agent) => agent.destroy()));
    }
    #dispatcherFor(url) {
        const proxy = (0, proxy_js_1.proxyFor)(url, this.#environment);
        if (proxy === undefined)
            return this.#direct;
        let agent = this.#proxies.get(proxy);
        if (agent === undefined) {
            agent = openProxy(proxy, this.#tls());
            this.#proxies.set(proxy, agent);
        }
        return agent;
    }
    #tls() {
        return this.#ca === undefined ? {} : { ca: this.#ca };
    }
}
exports.Http = Http;
/** Whoever asks watches the time: only they know whether they are waiting for the server or it for them. */
const NO_TIMEOUTS = { headersTimeout: 0, bodyTimeout: 0 };
function openProxy(proxy, tls) {
    if (!URL.canParse(proxy)) {
        throw new error_js_1.SourceError('unreachable', 'Cannot use the proxy of HTTP_PROXY or HTTPS_PROXY: it is no address');
    }
    // Tunnels are for TLS; many proxies refuse others.
    return new undici_1.ProxyAgent({ ...NO_TIMEOUTS, uri: proxy, requestTls: tls, proxyTls: tls, proxyTunnel: false });
}
function answerOf({ statusCode, headers, body }) {
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
async function readAuthorities(path) {
    const fail = (what, cause) => new error_js_1.SourceError('unreadable', `Cannot use ${path} as INGOT_REGISTRY_CA: ${what}; wanted a PEM file`, {
        cause,
        context: { path },
    });
    let text;
    try {
        text = await (0, promises_1.readFile)(path, 'utf8');
    }
    catch (error) {
        throw fail(error instanceof Error ? error.message : String(error), error);
    }
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    if (certificates.length === 0)
        throw fail('it holds no certificate');
    for (const certificate of certificates) {
        try {
            new node_crypto_1.X509Certificate(certificate);
        }
        catch (error) {
            throw fail('it holds a certificate that cannot be read', error);
        }
    }
    return certificates;
}
