"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.failureOfAnswer = failureOfAnswer;
const zod_1 = require("zod");
const error_js_1 = require("../error.js");
const transfer_failure_js_1 = require("../transfer-failure.js");
const small_answer_js_1 = require("./small-answer.js");
/** What registries say of errors (distribution-spec, "Error Codes"). Their messages are not shown: they say anything. */
const Errors = zod_1.z.object({ errors: zod_1.z.array(zod_1.z.object({ code: zod_1.z.string().regex(/^[A-Z0-9_]{1,40}$/) })).min(1) });
const MAX_BYTES = 64 * 1024;
/** What an answer means that is not the wanted one. Reads its body. */
async function failureOfAnswer(answer, options) {
    const { what, url, isElsewhere, login } = options;
    const { status } = answer;
    const said = await errorCodeIn(answer, options);
    const from = `${what} from ${url.host}`;
    const because = said === undefined ? `HTTP status ${status}` : `HTTP status ${status}, ${said}`;
    const message = (text, advice = '') => `Cannot fetch ${from}: ${text} (${because})${advice && `; ${advice}`}`;
    const context = { context: { path: what } };
    const passing = (code, text, advice) => new transfer_failure_js_1.PassingFailure(code, message(text, advice), { retryAfterMs: (0, transfer_failure_js_1.retryAfterMs)(answer.header('retry-after')) });
    if (status === 429 || said === 'TOOMANYREQUESTS') {
        const advice = 'log in to have more (docker login, or podman login), or name a mirror in INGOT_REGISTRY_MIRRORS';
        return passing('rate-limited', 'the registry gives no more for now', advice);
    }
    if (status === 408 || status >= 500)
        return passing('bad-answer', 'the server has a problem');
    // A signed address is good for some minutes: the registry gives another one.
    if (isElsewhere && (status === 401 || status === 403))
        return passing('forbidden', 'its store refuses access');
    if (status === 401 || status === 403) {
        return new error_js_1.SourceError('forbidden', message(refusalOf(status), adviceFor(login)), context);
    }
    if (status === 404 || status === 410) {
        return new error_js_1.SourceError('not-found', message('there is no such thing', 'check the name, the tag and the host'), context);
    }
    if (status === 407)
        return new error_js_1.SourceError('forbidden', message('the proxy refuses access'), context);
    return new error_js_1.SourceError('bad-answer', message('the server does not send it'), context);
}
function refusalOf(status) {
    return status === 401 ? 'it is not there, or wants other credentials' : 'the registry refuses access';
}
/** Says where credentials were looked for: half of all such errors are a file in another place. */
function adviceFor(login) {
    if (login?.from !== undefined) {
        return `it does not accept what is in ${login.from}; log in again with docker login or podman login`;
    }
    const looked = login?.looked ?? [];
    const where = looked.length === 0 ? '' : `; there are no credentials for it in ${looked.join(', ')}`;
    return `log in with docker login or podman login${where}`;
}
async function errorCodeIn(answer, { url, signal }) {
    try {
        const bytes = await (0, small_answer_js_1.readSmall)(answer, { url, maxBytes: MAX_BYTES, signal });
        return Errors.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data?.errors[0]?.code;
    }
    catch {
        signal.throwIfAborted();
        return undefined;
    }
}
