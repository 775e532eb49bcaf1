import type { Answer } from '../transfer-request.js';
export interface SmallOptions {
    /** What the answer is to, for errors. */
    readonly url: URL;
    readonly maxBytes: number;
    readonly signal: AbortSignal;
}
/**
 * The whole body of an answer.
 * @throws {SourceError} `too-large`, before more than `maxBytes` are in memory; `unreachable` where it breaks off.
 */
export declare function readSmall(answer: Answer, { url, maxBytes, signal }: SmallOptions): Promise<Uint8Array>;
