"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.RegistryClient = void 0;
const transfer_js_1 = require("../transfer.js");
const answer_failure_js_1 = require("./answer-failure.js");
const endpoint_js_1 = require("./endpoint.js");
const http_js_1 = require("./http.js");
const login_js_1 = require("./login.js");
const mirrors_js_1 = require("./mirrors.js");
const redirect_js_1 = require("./redirect.js");
const within_js_1 = require("./within.js");
/** Connections and logins to registries, shared by all images of a run. */
class RegistryClient {
    #http;
    #mirrors;
    #insecure;
    #logins;
    #schemes = new Map();
    #closing = new AbortController();
    constructor(http, settings) {
        this.#http = http;
        this.#mirrors = (0, mirrors_js_1.parseMirrors)(settings.mirrors ?? []);
        this.#insecure = new Set((settings.insecure ?? []).map((host) => host.toLowerCase()));
        this.#logins = new login_js_1.Logins({
            http,
            environment: settings.environment,
            mayBePlain: (url) => this.#mayBePlain(url),
            signal: this.#closing.signal,
            timeoutMs: transfer_js_1.PATIENCE.stallMs,
        });
    }
    /** @throws {SourceError} `no-mirror`, `unreadable` for settings that make no sense. */
    static async open(settings) {
        return new RegistryClient(await http_js_1.Http.open(settings), settings);
    }
    /** Ends what is under way, and all connections. */
    async close() {
        this.#closing.abort(new Error('The client of the registries was closed'));
        await this.#http.close();
    }
    /** Where to ask for the images of a registry, in order; the registry itself is the last. */
    endpointsOf(registry) {
        return (0, endpoint_js_1.endpointsOf)(registry, { mirrors: this.#mirrors, insecure: this.#insecure });
    }
    /**
     * Asks for something of a repository: logs in where that is wanted, once more when the login is no longer good, and
     * follows redirects.
     * @returns an answer with status 200 or 206, whose body must be read or discarded.
     * @throws {SourceError} `forbidden`, `not-found`, `rate-limited`, `bad-answer`, `unreachable`, `timeout` …
     */
    async ask(endpoint, options) {
        const { repository, signal } = options;
        const reached = await (0, within_js_1.unlessAborted)(this.#reach(endpoint), signal);
        const url = new URL(`${reached.root.href}/${repository}/${options.path}`);
        const login = await (0, within_js_1.unlessAborted)(this.#logins.current(reached, repository), signal);
        const first = await this.#follow(url, login, options);
        if (first.answer.status !== 401 || first.isElsewhere)
            return wanted(first, { ...options, login });
        const renewal = this.#logins.renew(reached, { repository, answer: first.answer, refused: login });
        const renewed = await (0, within_js_1.unlessAborted)(renewal, signal);
        if (renewed.authorization === undefined)
            return wanted(first, { ...options, login: renewed });
        await first.answer.discard();
        return wanted(await this.#follow(url, renewed, options), { ...options, login: renewed });
    }
    #follow(url, login, { method, headers, signal }) {
        const authorization = login?.authorization;
        return (0, redirect_js_1.follow)(this.#http, url, {
            method,
            headers,
            authorization,
            signal,
            mayBePlain: (next) => this.#mayBePlain(next),
        });
    }
    #mayBePlain(url) {
        return (0, endpoint_js_1.mayBePlain)(url, { mirrors: this.#mirrors, insecure: this.#insecure });
    }
    /** Found out once per registry; not remembered where it failed. */
    #reach(endpoint) {
        const key = endpoint.root.href;
        let reached = this.#schemes.get(key);
        if (reached === undefined) {
            const to = `reach ${endpoint.root.host}`;
            const limits = { timeoutMs: transfer_js_1.PATIENCE.stallMs, signal: this.#closing.signal, to };
            reached = (0, within_js_1.within)(limits, (signal) => (0, endpoint_js_1.withItsScheme)(endpoint, this.#http, signal));
            this.#schemes.set(key, reached);
            reached.catch(() => this.#schemes.delete(key));
        }
        return reached;
    }
}
exports.RegistryClient = RegistryClient;
async function wanted({ answer, url, isElsewhere }, options) {
    if (answer.status === 200 || answer.status === 206)
        return answer;
    try {
        throw await (0, answer_failure_js_1.failureOfAnswer)(answer, { ...options, url, isElsewhere });
    }
    finally {
        await answer.discard();
    }
}
