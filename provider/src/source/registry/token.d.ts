import type { Challenge } from './challenge.js';
import { type Credentials } from './credentials.js';
import type { Http } from './http.js';
export interface TokenOptions {
    /** `bearer`, as the registry gave it. */
    readonly challenge: Challenge;
    readonly repository: string;
    readonly credentials: Credentials | undefined;
    readonly mayBePlain: (url: URL) => boolean;
    readonly signal: AbortSignal;
}
/**
 * A token to pull from a repository, from the server that the registry names (distribution: token.md, oauth2.md).
 * @returns undefined where that server does not accept the credentials.
 * @throws {SourceError} `bad-answer` for a challenge or an answer that cannot be used; else as requests do.
 */
export declare function requestToken(http: Http, options: TokenOptions): Promise<string | undefined>;
