"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.HUB_HOST = exports.HUB_NAMES = void 0;
exports.parseImageName = parseImageName;
exports.referenceOf = referenceOf;
exports.showImageName = showImageName;
exports.isTag = isTag;
exports.registryOf = registryOf;
const digest_js_1 = require("../../model/digest.js");
const error_js_1 = require("../error.js");
/** What images are called that lie in Docker Hub; the first is the one we use. */
exports.HUB_NAMES = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
/** Where Docker Hub answers. */
exports.HUB_HOST = 'registry-1.docker.io';
const HUB = 'docker.io';
const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
/** A host name, an IPv4 address, or an IPv6 address in brackets, each with or without a port. */
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:.]{2,45}\\])(?::\\d{1,5})?$`);
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** Of host and repository together, as Docker has it. */
const MAX_LENGTH = 255;
/**
 * Reads the name of an image as Docker does: `alpine` is `docker.io/library/alpine`; the first part is a host if it has
 * a dot or a colon, or is `localhost`. One that has only upper-case letters is none, which Docker would take for one.
 * @throws {SourceError} `bad-reference`; `unsupported` for a digest that is no SHA-256.
 */
function parseImageName(text) {
    const fail = (what) => new error_js_1.SourceError('bad-reference', `Cannot use the image name ${JSON.stringify(text.slice(0, MAX_LENGTH))}: ${what}`, {
        context: { path: text.slice(0, MAX_LENGTH) },
    });
    const [named = '', digest, ...more] = text.split('@');
    if (more.length > 0)
        throw fail('it has more than one @');
    if (digest !== undefined)
        checkDigest(digest, fail);
    const { name, tag } = splitTag(named);
    if (tag !== undefined && !isTag(tag)) {
        throw fail('its tag is none; wanted at most 128 letters, digits, underscores, dots and dashes');
    }
    const { registry, repository } = splitHost(name);
    if (!HOST.test(registry) || !URL.canParse(`https://${registry}/`))
        throw fail(`${JSON.stringify(registry)} is no host of a registry`);
    checkRepository(repository, fail);
    if (registry.length + 1 + repository.length > MAX_LENGTH)
        throw fail(`it is longer than ${MAX_LENGTH} characters`);
    return {
        registry,
        repository,
        ...(tag === undefined ? {} : { tag }),
        ...(digest === undefined ? {} : { digest: digest }),
    };
}
/** What to ask a registry for: the digest, which cannot move, before the tag. */
function referenceOf({ tag, digest }) {
    return digest ?? tag ?? 'latest';
}
/** `docker.io/library/alpine:3`. */
function showImageName({ registry, repository, tag, digest }) {
    return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
function isTag(text) {
    return TAG.test(text);
}
/** A registry's host as it is used for comparing: lower case, one name for Docker Hub. */
function registryOf(host) {
    const lower = host.toLowerCase();
    return exports.HUB_NAMES.includes(lower) ? HUB : lower;
}
function splitTag(named) {
    const colon = named.lastIndexOf(':');
    // A colon before a slash is that of a port.
    if (colon < 0 || named.includes('/', colon))
        return { name: named };
    return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}
function splitHost(name) {
    const slash = name.indexOf('/');
    const first = name.slice(0, Math.max(slash, 0));
    const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost');
    const registry = isHost ? registryOf(first) : HUB;
    const path = isHost ? name.slice(slash + 1) : name;
    return { registry, repository: registry === HUB && !path.includes('/') && path !== '' ? `library/${path}` : path };
}
function checkDigest(digest, fail) {
    if ((0, digest_js_1.isDigest)(digest))
        return;
    if (/^sha(384|512):[0-9a-f]{96,128}$/.test(digest)) {
        throw new error_js_1.SourceError('unsupported', `Cannot use the digest ${digest}: only SHA-256 is known; give a sha256 digest`);
    }
    throw fail('its digest is none; wanted sha256: and 64 lower-case hexadecimal digits');
}
function checkRepository(repository, fail) {
    if (repository.split('/').every((component) => COMPONENT.test(component))) {
        // Docker takes such a name for the id of a local image.
        if (/^library\/[0-9a-f]{64}$/.test(repository))
            throw fail('64 hexadecimal digits are an id, and no name');
        return;
    }
    const lower = repository.toLowerCase();
    throw fail(lower !== repository && lower.split('/').every((component) => COMPONENT.test(component))
        ? `names are in lower case; did you mean ${lower}?`
        : 'wanted lower-case letters and digits, separated by single dots, dashes, underscores or slashes');
}
