import type { Credentials } from './credentials.js';
import type { Environment } from './proxy.js';
export interface HelperOptions {
    readonly environment: Environment;
    /** Default: 60 s. */
    readonly timeoutMs?: number;
    readonly signal: AbortSignal;
}
/**
 * Asks `docker-credential-NAME` for the credentials of a server; undefined if it has none, and in words what went wrong
 * if it fails. Its own words are never repeated.
 */
export declare function askHelper(name: string, server: string, options: HelperOptions): Promise<Credentials | string | undefined>;
