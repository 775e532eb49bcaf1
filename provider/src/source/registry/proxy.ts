import { BlockList, isIP } from 'node:net';
import { isLoopback } from './loopback.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for an address, or none: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower or upper
 * case. This machine itself is never asked for through a proxy.
 */
export function proxyFor(url: URL, environment: Environment): string | undefined {
  const of = (name: string) => environment[name.toLowerCase()] || environment[name];
  const proxy = url.protocol === 'https:' ? of('HTTPS_PROXY') : of('HTTP_PROXY');
  if (!proxy || isLoopback(url.hostname) || isExcepted(url, of('NO_PROXY') ?? '')) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** NO_PROXY: `*`, host names with all their subdomains, addresses and networks, each with or without a port. */
function isExcepted(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry === '*' || (entry !== '' && isNamed({ host, port }, entry)));
}

function isNamed({ host, port }: { readonly host: string; readonly port: string }, entry: string): boolean {
  if (isIP(host) && entry.includes('/')) return isInNetwork(host, entry);
  const [, name = '', wanted] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const bare = name.replace(/^\*?\./, '');
  return host === bare || (!isIP(host) && host.endsWith(`.${bare}`));
}

function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const family = isIP(base);
  if (family === 0 || family !== isIP(address) || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return false;
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, Number(bits), type);
  return list.check(address, type);
}
