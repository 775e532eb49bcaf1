"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.requestToken = requestToken;
const zod_1 = require("zod");
const error_js_1 = require("../error.js");
const transfer_failure_js_1 = require("../transfer-failure.js");
const credentials_js_1 = require("./credentials.js");
const redirect_js_1 = require("./redirect.js");
const small_answer_js_1 = require("./small-answer.js");
const MAX_BYTES = 2 ** 20;
/** It goes into a header. */
const Token = zod_1.z.string().regex(/^[\x21-\x7e]{1,65536}$/);
/** Which name a token has differs from server to server; both are said to be the same (distribution: token.md). */
const TokenAnswer = zod_1.z.union([
    zod_1.z.object({ token: Token }).transform(({ token }) => token),
    zod_1.z.object({ access_token: Token }).transform(({ access_token }) => access_token),
]);
/**
 * A token to pull from a repository, from the server that the registry names (distribution: token.md, oauth2.md).
 * @returns undefined where that server does not accept the credentials.
 * @throws {SourceError} `bad-answer` for a challenge or an answer that cannot be used; else as requests do.
 */
async function requestToken(http, options) {
    const { challenge, signal } = options;
    const realm = realmOf(options);
    const parameters = parametersOf(challenge, options.repository);
    const answer = options.credentials?.kind === 'identity'
        ? await postIdentity(http, realm, { parameters, token: options.credentials.token, signal })
        : await getToken(http, realm, { ...options, parameters });
    if (answer.status === 200)
        return tokenIn(answer, realm, signal);
    await answer.discard();
    if (answer.status === 401 || answer.status === 403)
        return undefined;
    throw failureOfStatus(realm, answer);
}
function realmOf({ challenge, mayBePlain }) {
    const text = challenge.parameters.get('realm') ?? '';
    const realm = URL.canParse(text) ? (0, credentials_js_1.withoutCredentials)(new URL(text)) : undefined;
    if (realm === undefined || !/^https?:$/.test(realm.protocol)) {
        throw new error_js_1.SourceError('bad-answer', 'Cannot log in to a registry: its token server (realm) has no web address');
    }
    // Else whoever listens gets the credentials, and whoever answers in its place.
    if (!mayBePlain(realm)) {
        throw new error_js_1.SourceError('bad-answer', `Cannot log in at ${(0, transfer_failure_js_1.shownAddress)(realm)}: the registry names this token server without TLS; if that is meant to ` +
            `be, name ${realm.host} in INGOT_REGISTRY_INSECURE`);
    }
    realm.hash = '';
    return realm;
}
function parametersOf({ parameters }, repository) {
    const asked = new URLSearchParams();
    const service = parameters.get('service');
    if (service !== undefined)
        asked.append('service', service);
    const scope = parameters.get('scope') || `repository:${repository}:pull`;
    for (const one of scope.split(' ').filter((part) => part !== ''))
        asked.append('scope', one);
    return asked;
}
async function getToken(http, realm, { parameters, credentials, mayBePlain, signal }) {
    const url = new URL(realm);
    for (const [name, value] of parameters)
        url.searchParams.append(name, value);
    const authorization = credentials?.kind === 'password' ? (0, credentials_js_1.basicAuthorization)(credentials) : undefined;
    return (await (0, redirect_js_1.follow)(http, url, { method: 'GET', headers: {}, authorization, mayBePlain, signal })).answer;
}
/** The body holds the secret: it goes nowhere but to the server itself. */
function postIdentity(http, realm, { parameters, token, signal, }) {
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'ingot', refresh_token: token });
    const service = parameters.get('service');
    if (service !== null)
        form.append('service', service);
    form.append('scope', parameters.getAll('scope').join(' '));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return http.send(realm, { method: 'POST', headers, body: form.toString(), signal });
}
async function tokenIn(answer, realm, signal) {
    const bytes = await (0, small_answer_js_1.readSmall)(answer, { url: realm, maxBytes: MAX_BYTES, signal });
    let json;
    try {
        json = JSON.parse(Buffer.from(bytes).toString('utf8'));
    }
    catch {
        // Said below, without the parser's words: they quote what was read.
    }
    const { data } = TokenAnswer.safeParse(json);
    if (data !== undefined)
        return data;
    throw new error_js_1.SourceError('bad-answer', `Cannot log in at ${(0, transfer_failure_js_1.shownAddress)(realm)}: the server's answer holds no token`);
}
function failureOfStatus(realm, { status, header }) {
    const message = (what) => `Cannot log in at ${(0, transfer_failure_js_1.shownAddress)(realm)}: ${what} (HTTP status ${status})`;
    if (status === 429 || status === 408 || status >= 500) {
        const [code, what] = status === 429
            ? ['rate-limited', 'the server asks to come back later']
            : ['bad-answer', 'the server has a problem'];
        return new transfer_failure_js_1.PassingFailure(code, message(what), { retryAfterMs: (0, transfer_failure_js_1.retryAfterMs)(header('retry-after')) });
    }
    return new error_js_1.SourceError('bad-answer', message('the server gives no token'));
}
