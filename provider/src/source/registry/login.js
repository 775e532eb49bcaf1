"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Logins = void 0;
const error_js_1 = require("../error.js");
const challenge_js_1 = require("./challenge.js");
const credentials_js_1 = require("./credentials.js");
const find_credentials_js_1 = require("./find-credentials.js");
const token_js_1 = require("./token.js");
const within_js_1 = require("./within.js");
/**
 * Logins by endpoint and repository, each made once for all who wait for it, and made anew when the registry no longer
 * accepts it: tokens are good for some minutes.
 */
class Logins {
    #options;
    #logins = new Map();
    #found = new Map();
    constructor(options) {
        this.#options = options;
    }
    /** The login that there is, if there is one. Waits for one that is being made. */
    async current(endpoint, repository) {
        return this.#logins.get(keyOf(endpoint, repository))?.catch(() => undefined);
    }
    /** A login that answers a challenge (a 401); `refused` is the one that brought it about. */
    renew(endpoint, { repository, answer, refused, }) {
        const key = keyOf(endpoint, repository);
        const challenges = (0, challenge_js_1.parseChallenges)(answer.header('www-authenticate') ?? '');
        const made = this.#logins.get(key);
        const next = made === undefined
            ? this.#make(endpoint, repository, challenges)
            : made.then(
            // Somebody else was quicker.
            (login) => (login === refused ? this.#make(endpoint, repository, challenges) : login), () => this.#make(endpoint, repository, challenges));
        this.#logins.set(key, next);
        // Whoever waits for it is told; they may have gone.
        next.catch(() => undefined);
        return next;
    }
    async #make(endpoint, repository, challenges) {
        const found = await this.#credentials(endpoint, repository);
        const { credentials, looked, file: from } = found;
        const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
        if (bearer !== undefined) {
            return { authorization: await this.#bearer(bearer, { repository, credentials }), looked, from };
        }
        if (!challenges.some(({ scheme }) => scheme === 'basic')) {
            throw new error_js_1.SourceError('unsupported', `Cannot log in to ${endpoint.root.host}: it offers neither Basic nor Bearer authentication`);
        }
        return { authorization: basicOf(credentials), looked, from };
    }
    async #bearer(challenge, { repository, credentials }) {
        if (credentials?.kind === 'bearer')
            return bearerOf(credentials.token);
        const { http, mayBePlain, timeoutMs, signal: outer } = this.#options;
        const token = await (0, within_js_1.within)({ timeoutMs, signal: outer, to: 'log in to a registry' }, (signal) => (0, token_js_1.requestToken)(http, { challenge, repository, credentials, mayBePlain, signal }));
        return token === undefined ? undefined : bearerOf(token);
    }
    /** Looked for once: helpers may ask their owner for leave. */
    #credentials(endpoint, repository) {
        if (endpoint.credentials !== undefined) {
            return Promise.resolve({ credentials: endpoint.credentials, looked: [], file: 'the address of the mirror' });
        }
        const key = keyOf(endpoint, repository);
        let found = this.#found.get(key);
        if (found === undefined) {
            found = (0, find_credentials_js_1.findCredentials)({ registry: endpoint.registry, repository }, this.#options);
            this.#found.set(key, found);
        }
        return found;
    }
}
exports.Logins = Logins;
function keyOf({ root }, repository) {
    return `${root.href} ${repository}`;
}
function bearerOf(token) {
    // It goes into a header.
    return /^[\x21-\x7e]+$/.test(token) ? `Bearer ${token}` : undefined;
}
/** An identity token is no password. A bearer token that stands ready is what its owner wants to be sent. */
function basicOf(credentials) {
    if (credentials?.kind === 'password')
        return (0, credentials_js_1.basicAuthorization)(credentials);
    return credentials?.kind === 'bearer' ? bearerOf(credentials.token) : undefined;
}
