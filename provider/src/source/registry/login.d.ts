import type { Answer } from '../transfer-request.js';
import type { Endpoint } from './endpoint.js';
import type { Http } from './http.js';
import type { Environment } from './proxy.js';
export interface LoginsOptions {
    readonly http: Http;
    readonly environment: Environment;
    readonly mayBePlain: (url: URL) => boolean;
    /** Aborted when nobody needs logins any more. */
    readonly signal: AbortSignal;
    /** Longest wait for a token server. */
    readonly timeoutMs: number;
}
/** How one is let in to a repository. */
export interface Login {
    /** Undefined where there is nothing to be let in with, or it is not accepted. */
    readonly authorization?: string | undefined;
    /** Where credentials were looked for. */
    readonly looked: readonly string[];
    /** Where they were found. */
    readonly from?: string | undefined;
}
/**
 * Logins by endpoint and repository, each made once for all who wait for it, and made anew when the registry no longer
 * accepts it: tokens are good for some minutes.
 */
export declare class Logins {
    #private;
    constructor(options: LoginsOptions);
    /** The login that there is, if there is one. Waits for one that is being made. */
    current(endpoint: Endpoint, repository: string): Promise<Login | undefined>;
    /** A login that answers a challenge (a 401); `refused` is the one that brought it about. */
    renew(endpoint: Endpoint, { repository, answer, refused, }: {
        readonly repository: string;
        readonly answer: Answer;
        readonly refused?: Login | undefined;
    }): Promise<Login>;
}
