"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.within = within;
exports.unlessAborted = unlessAborted;
const transfer_failure_js_1 = require("../transfer-failure.js");
/**
 * What a call gives within a time.
 * @throws {PassingFailure} `timeout` when the time is over; the signal's reason when it is aborted.
 */
async function within({ timeoutMs, signal, to }, call) {
    const timeout = AbortSignal.timeout(timeoutMs);
    const both = AbortSignal.any([signal, timeout]);
    try {
        return await unlessAborted(call(both), both);
    }
    catch (error) {
        signal.throwIfAborted();
        if (!timeout.aborted)
            throw error;
        throw new transfer_failure_js_1.PassingFailure('timeout', `Cannot ${to}: there was no answer within ${timeoutMs / 1000} s`, {});
    }
}
/** What a promise gives; the signal's reason when it is aborted before, whatever becomes of the promise. */
function unlessAborted(promise, signal) {
    return new Promise((resolve, reject) => {
        const abort = () => reject(signal.reason);
        if (signal.aborted)
            abort();
        signal.addEventListener('abort', abort);
        promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
}
