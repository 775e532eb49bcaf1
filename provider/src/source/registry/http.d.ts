import type { Answer } from '../transfer-request.js';
import { type Environment } from './proxy.js';
export interface HttpRequest {
    readonly method: 'GET' | 'HEAD' | 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
}
/**
 * Connections to registries, kept between requests; through the proxies of the environment, with certificates of the
 * user's own. Follows no redirect and decodes no body.
 */
export declare class Http {
    #private;
    private constructor();
    /**
     * @param options.caFile A PEM file of authorities that are trusted beside the usual ones.
     * @throws {SourceError} `unreadable` where that file is not there, or is no such file.
     */
    static open(options: {
        readonly environment: Environment;
        readonly caFile?: string | undefined;
    }): Promise<Http>;
    /**
     * Asks, and returns when the head of the answer is there. The body must be read or discarded.
     * @throws {SourceError} `unreachable`; the signal's reason when it is aborted.
     */
    send(url: URL, { method, headers, body, signal }: HttpRequest): Promise<Answer>;
    /** Ends all connections, also those in use. */
    close(): Promise<void>;
}
