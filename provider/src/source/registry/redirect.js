"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.follow = follow;
const error_js_1 = require("../error.js");
const transfer_failure_js_1 = require("../transfer-failure.js");
const credentials_js_1 = require("./credentials.js");
/** One to a region, one to a store, and some to spare. */
const MAX_HOPS = 8;
/** RFC 9110 section 15.4. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/**
 * Asks, and follows redirects; credentials stay with the origin that they are for.
 * @throws {SourceError} `bad-answer` for redirects without end, to nowhere, or from TLS to what may not be plain.
 */
async function follow(http, start, options) {
    const { authorization, mayBePlain, method, headers, signal } = options;
    const fail = (what) => new error_js_1.SourceError('bad-answer', `Cannot fetch ${(0, transfer_failure_js_1.shownAddress)(start)}: ${what}`);
    let url = start;
    let isElsewhere = false;
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
        const own = authorization === undefined || isElsewhere ? headers : { ...headers, authorization };
        const answer = await http.send(url, { method, headers: own, signal });
        if (!REDIRECTS.has(answer.status))
            return { answer, url, isElsewhere };
        const location = answer.header('location');
        await answer.discard();
        if (location === undefined || !URL.canParse(location, url.href))
            throw fail('the server redirects to nowhere');
        const next = (0, credentials_js_1.withoutCredentials)(new URL(location, url));
        if (!/^https?:$/.test(next.protocol))
            throw fail('the server redirects to what is no web address');
        if (!mayBePlain(next)) {
            throw fail(`the server redirects to ${next.host} without TLS; if that is meant to be, name it in INGOT_REGISTRY_INSECURE`);
        }
        // Once elsewhere, always: that server chose what is asked for next.
        isElsewhere ||= next.origin !== start.origin;
        url = next;
    }
    throw fail(`the server redirects more than ${MAX_HOPS} times`);
}
