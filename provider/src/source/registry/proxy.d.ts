export type Environment = Readonly<Record<string, string | undefined>>;
/**
 * The proxy that the environment names for an address, or none: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower or upper
 * case. This machine itself is never asked for through a proxy.
 */
export declare function proxyFor(url: URL, environment: Environment): string | undefined;
