export interface WithinOptions {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    /** What is done, for the error: `log in to a registry`. */
    readonly to: string;
}
/**
 * What a call gives within a time.
 * @throws {PassingFailure} `timeout` when the time is over; the signal's reason when it is aborted.
 */
export declare function within<T>({ timeoutMs, signal, to }: WithinOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T>;
/** What a promise gives; the signal's reason when it is aborted before, whatever becomes of the promise. */
export declare function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T>;
