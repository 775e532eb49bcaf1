"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.parseMirrors = parseMirrors;
exports.mirrorsOf = mirrorsOf;
const error_js_1 = require("../error.js");
const image_name_js_1 = require("./image-name.js");
/**
 * Reads mirrors, each written as `registry=address` or, for every registry, `address`. An address is that of the
 * mirror's host, with a path where it has one.
 * @throws {SourceError} `no-mirror` for one that makes no sense.
 */
function parseMirrors(entries) {
    const mirrors = new Map();
    for (const entry of entries) {
        const { registry, address } = splitEntry(entry);
        const url = addressOf(address, registry);
        mirrors.set(registry, [...(mirrors.get(registry) ?? []), url]);
    }
    return mirrors;
}
/** The mirrors of one registry, its own before those of all. */
function mirrorsOf(registry, mirrors) {
    return [...(mirrors.get(registry) ?? []), ...(mirrors.get('*') ?? [])];
}
function splitEntry(entry) {
    const equals = entry.indexOf('=');
    if (/^https?:\/\//i.test(entry) || equals < 0)
        return { registry: '*', address: entry };
    const name = entry.slice(0, equals);
    return { registry: name === '' ? '*' : (0, image_name_js_1.registryOf)(name), address: entry.slice(equals + 1) };
}
function addressOf(address, registry) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const isGood = url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
    if (isGood)
        return url;
    // The address is not shown: it may hold a password.
    throw new error_js_1.SourceError('no-mirror', `Cannot use a mirror of ${registry === '*' ? 'all registries' : registry}: it has no address that begins with ` +
        'http:// or https:// and has no question mark; wanted [REGISTRY=]ADDRESS in INGOT_REGISTRY_MIRRORS');
}
