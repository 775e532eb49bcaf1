import type { Answer } from '../transfer-request.js';
import type { Http, HttpRequest } from './http.js';
export interface FollowOptions extends Omit<HttpRequest, 'body'> {
    /** Sent to the origin that is asked first, and to no other. */
    readonly authorization?: string | undefined;
    readonly mayBePlain: (url: URL) => boolean;
}
export interface Followed {
    readonly answer: Answer;
    /** Where the answer is from. Its query may hold a signature: not to be shown. */
    readonly url: URL;
    /** Whether a redirect led to another origin: what is said there is not the first one's word. */
    readonly isElsewhere: boolean;
}
/**
 * Asks, and follows redirects; credentials stay with the origin that they are for.
 * @throws {SourceError} `bad-answer` for redirects without end, to nowhere, or from TLS to what may not be plain.
 */
export declare function follow(http: Http, start: URL, options: FollowOptions): Promise<Followed>;
