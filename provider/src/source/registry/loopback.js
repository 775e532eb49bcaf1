"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.isLoopback = isLoopback;
/** Whether a URL's host name is this machine's, and not one that somebody answers for. */
function isLoopback(hostname) {
    return (hostname === 'localhost' ||
        hostname.endsWith('.localhost') ||
        hostname === '[::1]' ||
        /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname));
}
