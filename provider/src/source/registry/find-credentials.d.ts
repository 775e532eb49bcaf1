import type { Credentials } from './credentials.js';
import type { Environment } from './proxy.js';
export interface Found {
    readonly credentials?: Credentials;
    /** The file that they are from. */
    readonly file?: string;
    /** Files that were looked at, each with what is wrong with it, where something is: for whoever is not let in. */
    readonly looked: readonly string[];
}
/**
 * The credentials for a repository from the files of Docker and Podman, and from the helpers that they name. What
 * cannot be read or asked is noted and passed over: most images need no credentials.
 */
export declare function findCredentials(of: {
    readonly registry: string;
    readonly repository: string;
}, options: {
    readonly environment: Environment;
    readonly signal: AbortSignal;
}): Promise<Found>;
