"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.openRegistry = openRegistry;
const digest_js_1 = require("../../model/digest.js");
const error_js_1 = require("../error.js");
const transfer_js_1 = require("../transfer.js");
const transfer_request_js_1 = require("../transfer-request.js");
const image_name_js_1 = require("./image-name.js");
const small_answer_js_1 = require("./small-answer.js");
const tags_js_1 = require("./tags.js");
const within_js_1 = require("./within.js");
/** What registries must take, and most do (distribution-spec, "Pushing Manifests"). */
const MAX_MANIFEST_BYTES = 4 * 2 ** 20;
/** Without these, registries give the oldest form that they can. */
const ACCEPT = [
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/**
 * A repository of a registry. Its mirrors are asked first; what one does not give, the next is asked for, the registry
 * itself last. The tag and the digest of the name do not matter: they are given with each call.
 */
function openRegistry(name, options) {
    return new Repository(name, options);
}
class Repository {
    #name;
    #options;
    #endpoints;
    constructor({ registry, repository }, options) {
        this.#name = { registry, repository };
        this.#options = options;
        this.#endpoints = options.client.endpointsOf(registry);
    }
    async manifest(reference) {
        const what = this.#what(reference);
        return this.#fromFirst(reference, (endpoint, patience) => this.#patiently({ what, patience }, async (signal) => {
            const answer = await this.#ask(endpoint, { method: 'GET', reference, what, signal });
            const bytes = await (0, small_answer_js_1.readSmall)(answer, { url: endpoint.root, maxBytes: MAX_MANIFEST_BYTES, signal });
            const said = answer.header('docker-content-digest');
            checkDigest(bytes, { want: (0, digest_js_1.isDigest)(reference) ? reference : said, what, host: endpoint.root.host });
            return { bytes, mediaType: mediaTypeOf(answer.header('content-type')) };
        }));
    }
    async digestOf(tag) {
        const what = this.#what(tag);
        if ((0, digest_js_1.isDigest)(tag))
            return tag;
        const digest = await this.#fromFirst(tag, (endpoint, patience) => this.#patiently({ what, patience }, async (signal) => {
            const answer = await this.#ask(endpoint, { method: 'HEAD', reference: tag, what, signal });
            await answer.discard();
            return answer.header('docker-content-digest') ?? '';
        }));
        return (0, digest_js_1.isDigest)(digest) ? digest : (0, digest_js_1.sha256)((await this.manifest(tag)).bytes);
    }
    async *blob(digest, options) {
        const { sizeBytes, signal } = options;
        const { repository } = this.#name;
        const what = `${digest} of ${(0, image_name_js_1.showImageName)(this.#name)}`;
        const failures = [];
        let done = options.offset ?? 0;
        for (const [index, endpoint] of this.#endpoints.entries()) {
            const patience = this.#patience(index);
            const { stallMs } = patience;
            const path = `blobs/${digest}`;
            const url = new URL(`${endpoint.root.href}/${repository}/${path}`);
            const exchange = {
                send: (headers, stalled) => this.#options.client.ask(endpoint, { repository, path, method: 'GET', headers, what, signal: stalled }),
                failureOf: () => badAnswer(what, endpoint),
            };
            const requestFrom = (from) => (0, transfer_request_js_1.requestPart)(url, exchange, { sizeBytes, from, stallMs, signal });
            try {
                for await (const chunk of (0, transfer_js_1.transfer)(requestFrom, { of: what, sizeBytes, offset: done, signal, patience })) {
                    done += chunk.byteLength;
                    yield chunk;
                }
                return;
            }
            catch (error) {
                if (!(error instanceof error_js_1.SourceError))
                    throw error;
                failures.push(error);
            }
        }
        throw allOf(failures);
    }
    /** @throws {SourceError} `bad-reference` for what is neither a tag nor a digest. */
    #what(reference) {
        const name = (0, image_name_js_1.showImageName)(this.#name);
        if ((0, digest_js_1.isDigest)(reference))
            return `the manifest of ${name}@${reference}`;
        if ((0, image_name_js_1.isTag)(reference))
            return `the manifest of ${name}:${reference}`;
        throw new error_js_1.SourceError('bad-reference', `Cannot use ${JSON.stringify(reference)} of ${name}: it is no tag or digest`);
    }
    #ask(endpoint, { reference, ...rest }) {
        const { repository } = this.#name;
        const headers = { accept: ACCEPT, 'accept-encoding': 'identity' };
        return this.#options.client.ask(endpoint, { repository, path: `manifests/${reference}`, headers, ...rest });
    }
    /** What the first endpoint gives that gives something. */
    async #fromFirst(reference, call) {
        const failures = [];
        for (const [index, endpoint] of this.#endpoints.entries()) {
            try {
                return await call(endpoint, this.#patience(index));
            }
            catch (error) {
                if (!(error instanceof error_js_1.SourceError))
                    throw error;
                failures.push(error);
            }
        }
        throw await this.#withSuggestion(allOf(failures), reference);
    }
    #patiently({ what, patience }, call) {
        const { signal } = this.#options;
        const limits = { timeoutMs: patience.stallMs, signal, to: `fetch ${what}` };
        return (0, transfer_js_1.patiently)(() => (0, within_js_1.within)(limits, call), { signal, patience });
    }
    /** A mirror that is gone must not hold up much: there is somebody else to ask. */
    #patience(index) {
        const { patience = transfer_js_1.PATIENCE } = this.#options;
        const isLast = index === this.#endpoints.length - 1;
        return isLast ? patience : { ...patience, attempts: Math.min(patience.attempts, 2) };
    }
    async #withSuggestion(failure, reference) {
        if (failure.code !== 'not-found' || (0, digest_js_1.isDigest)(reference))
            return failure;
        const { client, signal } = this.#options;
        const endpoint = this.#endpoints[this.#endpoints.length - 1];
        const { repository } = this.#name;
        const suggestion = await (0, tags_js_1.suggestTags)(reference, { client, endpoint, repository, signal });
        if (suggestion === '')
            return failure;
        const { code, message, context, cause } = failure;
        return new error_js_1.SourceError(code, `${message}${suggestion}`, { context, cause });
    }
}
function checkDigest(bytes, { want, what, host }) {
    if (want === undefined || !(0, digest_js_1.isDigest)(want))
        return;
    const got = (0, digest_js_1.sha256)(bytes);
    if (got === want)
        return;
    throw new error_js_1.SourceError('digest-mismatch', `Cannot fetch ${what} from ${host}: its digest is ${got}; wanted ${want}`, {
        context: { got, want },
    });
}
/** RFC 9110 section 8.3.1, without parameters. */
function mediaTypeOf(header) {
    return (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
function badAnswer(what, { root }) {
    return new error_js_1.SourceError('bad-answer', `Cannot fetch ${what} from ${root.host}: the server sends a part unasked`);
}
/** The last failure, which is the registry's own, with what its mirrors said before. */
function allOf(failures) {
    const last = failures[failures.length - 1];
    if (failures.length === 1)
        return last;
    const mirrors = failures.slice(0, -1).map(({ message }) => message);
    const { code, message, context, cause } = last;
    return new error_js_1.SourceError(code, `${message}; before that, its mirrors: ${mirrors.join('; ')}`, { context, cause });
}
