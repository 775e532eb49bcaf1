"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.suggestTags = suggestTags;
const zod_1 = require("zod");
const suggestion_js_1 = require("../../model/suggestion.js");
const small_answer_js_1 = require("./small-answer.js");
const within_js_1 = require("./within.js");
const Tags = zod_1.z.object({ tags: zod_1.z.array(zod_1.z.string()).nullish() });
/** As many as a registry gives at once; a suggestion is worth no second request. */
const PATH = 'tags/list?n=1000';
const MAX_BYTES = 2 ** 20;
const TIMEOUT_MS = 10_000;
/** `; did you mean 3.20?` where a repository has tags like the one that it does not have; else nothing. */
async function suggestTags(tag, options) {
    const { client, endpoint, repository } = options;
    const what = `the tags of ${repository}`;
    const limits = { timeoutMs: TIMEOUT_MS, signal: options.signal, to: `fetch ${what}` };
    try {
        return await (0, within_js_1.within)(limits, async (signal) => {
            const asked = { repository, path: PATH, method: 'GET', headers: {}, what, signal };
            const answer = await client.ask(endpoint, asked);
            const bytes = await (0, small_answer_js_1.readSmall)(answer, { url: endpoint.root, maxBytes: MAX_BYTES, signal });
            const { tags } = Tags.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
            return (0, suggestion_js_1.didYouMean)((0, suggestion_js_1.nearest)(tag, (tags ?? []).filter((name) => /^[\w.-]{1,128}$/.test(name))));
        });
    }
    catch {
        options.signal.throwIfAborted();
        return '';
    }
}
