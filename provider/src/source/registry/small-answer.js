"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.readSmall = readSmall;
const error_js_1 = require("../error.js");
const transfer_failure_js_1 = require("../transfer-failure.js");
/**
 * The whole body of an answer.
 * @throws {SourceError} `too-large`, before more than `maxBytes` are in memory; `unreachable` where it breaks off.
 */
async function readSmall(answer, { url, maxBytes, signal }) {
    const tooLarge = () => new error_js_1.SourceError('too-large', `Cannot fetch ${(0, transfer_failure_js_1.shownAddress)(url)}: it has more than ${maxBytes} bytes`);
    if (Number(answer.header('content-length') ?? 0) > maxBytes) {
        await answer.discard();
        throw tooLarge();
    }
    const chunks = [];
    let sizeBytes = 0;
    try {
        for await (const chunk of answer.body) {
            sizeBytes += chunk.byteLength;
            if (sizeBytes > maxBytes)
                throw tooLarge();
            chunks.push(chunk);
        }
    }
    catch (error) {
        signal.throwIfAborted();
        throw error instanceof error_js_1.SourceError ? error : (0, transfer_failure_js_1.failureOfRequest)(url, error);
    }
    return Buffer.concat(chunks, sizeBytes);
}
