import { SourceError } from '../error.js';
/**
 * What went wrong on the way to a server. What is about its certificate, its name or its language is no passing
 * failure: asking again gives the same. Only the host is shown: redirects lead to paths that are secrets.
 */
export declare function failureOfConnection({ origin }: URL, error: unknown): SourceError;
/** Whether a server does not speak TLS; it may also just hang up when it does not understand. */
export declare function isWithoutTls(error: unknown): boolean;
