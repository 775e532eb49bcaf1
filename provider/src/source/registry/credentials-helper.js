"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.askHelper = askHelper;
const node_child_process_1 = require("node:child_process");
const zod_1 = require("zod");
const Answer = zod_1.z.object({ Username: zod_1.z.string(), Secret: zod_1.z.string() });
/** A key store may ask its owner for leave. */
const TIMEOUT_MS = 60_000;
const MAX_BYTES = 64 * 1024;
/** What helpers say on their output when they have nothing (docker/docker-credential-helpers: errors.go). */
const NOTHING = /credentials not found|no credentials server URL|no credentials username/i;
/**
 * Asks `docker-credential-NAME` for the credentials of a server; undefined if it has none, and in words what went wrong
 * if it fails. Its own words are never repeated.
 */
async function askHelper(name, server, options) {
    // It becomes the name of a program.
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
        return 'names a credential helper whose name is none';
    const program = `docker-credential-${name}`;
    const ended = await run(program, server, options);
    if (typeof ended === 'string')
        return `names ${program}, which ${ended}`;
    const { code, output } = ended;
    if (code !== 0)
        return NOTHING.test(output) ? undefined : `names ${program}, which ends with exit code ${code}`;
    return credentialsOf(output) ?? `names ${program}, which gives no credentials`;
}
function credentialsOf(output) {
    let json;
    try {
        json = JSON.parse(output);
    }
    catch {
        return undefined;
    }
    const { data } = Answer.safeParse(json);
    if (data === undefined || data.Secret === '')
        return undefined;
    if (data.Username === '<token>')
        return { kind: 'identity', token: data.Secret };
    return { kind: 'password', user: data.Username, password: data.Secret };
}
/** How a program ended, or in words why it did not. Nothing that it leaves behind can hold us up. */
function run(program, input, options) {
    const { environment, timeoutMs = TIMEOUT_MS, signal } = options;
    return new Promise((resolve, reject) => {
        const child = (0, node_child_process_1.spawn)(program, ['get'], { env: { ...environment }, stdio: ['pipe', 'pipe', 'ignore'] });
        const chunks = [];
        let sizeBytes = 0;
        const end = (ended) => {
            finish();
            resolve(ended);
        };
        const abort = () => {
            finish();
            reject(signal.reason);
        };
        const timer = setTimeout(() => end(`does not answer within ${timeoutMs / 1000} s`), timeoutMs);
        const finish = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', abort);
            child.kill('SIGKILL');
            child.stdin.destroy();
            child.stdout.destroy();
        };
        signal.addEventListener('abort', abort);
        child.on('error', (error) => end(error.code === 'ENOENT' ? 'is not on the PATH' : `cannot be started (${error.code})`));
        // It need not read what it is told.
        child.stdin.on('error', () => undefined);
        child.stdout.on('error', () => undefined);
        child.stdout.on('data', (chunk) => {
            sizeBytes += chunk.byteLength;
            if (sizeBytes > MAX_BYTES)
                end(`says more than ${MAX_BYTES} bytes`);
            else
                chunks.push(chunk);
        });
        child.on('close', (code) => end({ code: code ?? -1, output: Buffer.concat(chunks).toString('utf8') }));
        child.stdin.end(`${input}\n`);
        if (signal.aborted)
            abort();
    });
}
