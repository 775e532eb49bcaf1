"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.endpointsOf = endpointsOf;
exports.mayBePlain = mayBePlain;
exports.withItsScheme = withItsScheme;
const connection_failure_js_1 = require("./connection-failure.js");
const credentials_js_1 = require("./credentials.js");
const image_name_js_1 = require("./image-name.js");
const loopback_js_1 = require("./loopback.js");
const mirrors_js_1 = require("./mirrors.js");
/** Where to ask for the images of a registry: its mirrors, then itself. */
function endpointsOf(registry, { mirrors, insecure }) {
    const host = registry === 'docker.io' ? image_name_js_1.HUB_HOST : registry;
    const scheme = insecure.has(registry) || insecure.has(host) ? 'http' : 'https';
    const itself = { root: new URL(`${scheme}://${host}/v2`), registry, isMirror: false };
    return [...(0, mirrors_js_1.mirrorsOf)(registry, mirrors).map(mirrorAt), itself];
}
function mirrorAt(address) {
    const root = (0, credentials_js_1.withoutCredentials)(address);
    const path = root.pathname.replace(/\/+$/, '');
    root.pathname = /(^|\/)v2(\/|$)/.test(path) ? path : `${path}/v2`;
    return { root, registry: (0, image_name_js_1.registryOf)(root.host), credentials: (0, credentials_js_1.credentialsIn)(address), isMirror: true };
}
/** Whether an address may be asked without TLS: the user says so, or it does not leave this machine. */
function mayBePlain(url, { mirrors, insecure }) {
    if (url.protocol === 'https:' || (0, loopback_js_1.isLoopback)(url.hostname) || insecure.has(url.host))
        return true;
    return [...mirrors.values()].flat().some((mirror) => mirror.origin === url.origin);
}
/**
 * The endpoint as it can be reached: a registry on this machine may do without TLS, as Docker has it. One that is not
 * there at all is left as it is, for whoever asks it to find out.
 */
async function withItsScheme(endpoint, http, signal) {
    const { root } = endpoint;
    if (endpoint.isMirror || root.protocol !== 'https:' || !(0, loopback_js_1.isLoopback)(root.hostname))
        return endpoint;
    try {
        const answer = await http.send(new URL(`${root.href}/`), { method: 'GET', headers: {}, signal });
        await answer.discard();
        return endpoint;
    }
    catch (error) {
        signal.throwIfAborted();
        if (!(0, connection_failure_js_1.isWithoutTls)(error))
            throw error;
        const plain = new URL(root);
        plain.protocol = 'http:';
        return { ...endpoint, root: plain };
    }
}
