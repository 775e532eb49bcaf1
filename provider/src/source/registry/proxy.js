"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.proxyFor = proxyFor;
const node_net_1 = require("node:net");
const loopback_js_1 = require("./loopback.js");
/**
 * The proxy that the environment names for an address, or none: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower or upper
 * case. This machine itself is never asked for through a proxy.
 */
function proxyFor(url, environment) {
    const of = (name) => environment[name.toLowerCase()] || environment[name];
    const proxy = url.protocol === 'https:' ? of('HTTPS_PROXY') : of('HTTP_PROXY');
    if (!proxy || (0, loopback_js_1.isLoopback)(url.hostname) || isExcepted(url, of('NO_PROXY') ?? ''))
        return undefined;
    return proxy.includes('://') ? proxy : `http://${proxy}`;
}
/** NO_PROXY: `*`, host names with all their subdomains, addresses and networks, each with or without a port. */
function isExcepted(url, noProxy) {
    const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return noProxy
        .toLowerCase()
        .split(/[\s,]+/)
        .some((entry) => entry === '*' || (entry !== '' && isNamed({ host, port }, entry)));
}
function isNamed({ host, port }, entry) {
    if ((0, node_net_1.isIP)(host) && entry.includes('/'))
        return isInNetwork(host, entry);
    const [, name = '', wanted] = /^\[?(.*?)\]?(?::(\d+))?$/.exec((0, node_net_1.isIP)(entry) === 6 ? `[${entry}]` : entry) ?? [];
    if (wanted !== undefined && wanted !== port)
        return false;
    const bare = name.replace(/^\*?\./, '');
    return host === bare || (!(0, node_net_1.isIP)(host) && host.endsWith(`.${bare}`));
}
function isInNetwork(address, network) {
    const [base = '', bits = ''] = network.split('/');
    const family = (0, node_net_1.isIP)(base);
    if (family === 0 || family !== (0, node_net_1.isIP)(address) || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
        return false;
    }
    const type = family === 4 ? 'ipv4' : 'ipv6';
    const list = new node_net_1.BlockList();
    list.addSubnet(base, Number(bits), type);
    return list.check(address, type);
}
