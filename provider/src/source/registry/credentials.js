"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.basicAuthorization = basicAuthorization;
exports.credentialsIn = credentialsIn;
exports.withoutCredentials = withoutCredentials;
/** `Basic …` (RFC 7617). */
function basicAuthorization({ user, password }) {
    return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}
/** The credentials within an address, if there are some. */
function credentialsIn(url) {
    if (url.username === '' && url.password === '')
        return undefined;
    return { kind: 'password', user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
}
/** The address without them. */
function withoutCredentials(url) {
    const bare = new URL(url);
    bare.username = '';
    bare.password = '';
    return bare;
}
