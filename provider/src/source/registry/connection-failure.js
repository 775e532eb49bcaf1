"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.failureOfConnection = failureOfConnection;
exports.isWithoutTls = isWithoutTls;
const error_js_1 = require("../error.js");
const transfer_failure_js_1 = require("../transfer-failure.js");
/** The other side speaks, but not TLS (Node's and OpenSSL's codes). */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO']);
const UNTRUSTED = new Set([
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
const CERTIFICATES = {
    CERT_HAS_EXPIRED: 'its certificate has expired; is the clock of this machine right?',
    CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock of this machine right?',
    ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};
/**
 * What went wrong on the way to a server. What is about its certificate, its name or its language is no passing
 * failure: asking again gives the same. Only the host is shown: redirects lead to paths that are secrets.
 */
function failureOfConnection({ origin }, error) {
    const url = new URL(origin);
    const code = codeOf(error);
    const fail = (what) => new error_js_1.SourceError('unreachable', `Cannot fetch ${(0, transfer_failure_js_1.shownAddress)(url)}: ${what} (${code})`, { cause: error });
    if (NOT_TLS.has(code)) {
        return fail(`its host does not speak TLS; if it is meant to, name ${url.host} in INGOT_REGISTRY_INSECURE`);
    }
    if (UNTRUSTED.has(code)) {
        return fail('its certificate is by nobody who is trusted here; name a file with the authority in INGOT_REGISTRY_CA');
    }
    const certificate = CERTIFICATES[code];
    if (certificate !== undefined)
        return fail(certificate);
    if (code === 'ENOTFOUND')
        return fail('its host name is not known');
    return (0, transfer_failure_js_1.failureOfRequest)(url, error);
}
/** Whether a server does not speak TLS; it may also just hang up when it does not understand. */
function isWithoutTls(error) {
    const code = codeOf(error);
    return NOT_TLS.has(code) || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET';
}
function codeOf(error) {
    const inner = (0, transfer_failure_js_1.innermost)(error);
    return inner instanceof Error ? (inner.code ?? '') : '';
}
