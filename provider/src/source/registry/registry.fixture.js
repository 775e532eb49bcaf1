"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.pieces = exports.bearerAt = exports.basic = exports.auth = exports.json = exports.guarded = exports.redirect = exports.halfSilent = exports.silent = exports.ranged = exports.broken = exports.status = exports.whole = exports.theManifest = exports.FakeServer = exports.MANIFEST = exports.BLOB = exports.digest = exports.body = exports.mediaType = exports.manifest = exports.impatience = exports.patience = exports.never = void 0;
exports.useServers = useServers;
exports.openIn = openIn;
exports.blobOf = blobOf;
exports.gather = gather;
exports.flood = flood;
const promises_1 = require("node:fs/promises");
const node_http_1 = require("node:http");
const node_os_1 = require("node:os");
const node_path_1 = require("node:path");
const vitest_1 = require("vitest");
const digest_js_1 = require("../../model/digest.js");
const client_js_1 = require("./client.js");
const image_name_js_1 = require("./image-name.js");
const registry_js_1 = require("./registry.js");
exports.never = new AbortController().signal;
exports.patience = { attempts: 4, firstDelayMs: 1, stallMs: 20_000 };
/** For servers that are meant to be found silent; too short for a busy machine otherwise. */
exports.impatience = { ...exports.patience, stallMs: 300 };
exports.manifest = Buffer.from('{"schemaVersion":2}\n');
exports.mediaType = 'application/vnd.oci.image.manifest.v1+json';
exports.body = Buffer.from(Array.from({ length: 500_000 }, (_, at) => (at * at) >> 3));
exports.digest = (0, digest_js_1.sha256)(exports.body);
exports.BLOB = `/v2/team/app/blobs/${exports.digest}`;
exports.MANIFEST = '/v2/team/app/manifests/1.0';
/** Says what it is told to, one answer after the other, the last one again and again; by path where that is given. */
class FakeServer {
    requests = [];
    answers;
    byPath = new Map();
    #server;
    constructor(server, first) {
        this.#server = server;
        this.answers = [first];
    }
    static async start(first) {
        const server = (0, node_http_1.createServer)();
        const fake = new FakeServer(server, first);
        server.on('request', (request, response) => {
            fake.requests.push(request);
            const path = (request.url ?? '').split('?')[0] ?? '';
            const answer = fake.byPath.get(path) ?? (fake.answers.length > 1 ? fake.answers.shift() : fake.answers[0]);
            answer?.(request, response);
        });
        await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
        return fake;
    }
    get host() {
        return `127.0.0.1:${this.#server.address().port}`;
    }
    get http() {
        return this.#server;
    }
    async stop() {
        this.#server.closeAllConnections();
        if (this.#server.listening)
            await new Promise((closed) => this.#server.close(closed));
    }
}
exports.FakeServer = FakeServer;
/** Starts the servers before each test, and stops them after it. */
function useServers() {
    const around = {};
    (0, vitest_1.beforeEach)(async () => {
        around.folder = await (0, promises_1.mkdtemp)((0, node_path_1.join)((0, node_os_1.tmpdir)(), 'ingot-registry-'));
        around.server = await FakeServer.start(exports.theManifest);
        around.store = await FakeServer.start(exports.whole);
        around.clients = [];
    });
    (0, vitest_1.afterEach)(async () => {
        await Promise.all(around.clients.map((client) => client.close()));
        await Promise.all([around.server.stop(), around.store.stop()]);
        await (0, promises_1.rm)(around.folder, { recursive: true, force: true });
    });
    return around;
}
/** The repository `team/app` of the server, or another, asked by somebody with these credentials in their files. */
async function openIn(around, options = {}) {
    const { folder, server, clients } = around;
    const { name = `${server.host}/team/app`, auths, signal = exports.never, patience: own = exports.patience, ...settings } = options;
    const REGISTRY_AUTH_FILE = (0, node_path_1.join)(folder, 'auth.json');
    if (auths !== undefined)
        await (0, promises_1.writeFile)(REGISTRY_AUTH_FILE, JSON.stringify({ auths }));
    const environment = { HOME: folder, REGISTRY_AUTH_FILE, ...settings.environment };
    const client = await client_js_1.RegistryClient.open({ insecure: [server.host], ...settings, environment });
    clients.push(client);
    return (0, registry_js_1.openRegistry)((0, image_name_js_1.parseImageName)(name), { client, signal, patience: own });
}
/** All that is left of the blob from a place on. */
function blobOf(source, offset = 0, signal = exports.never) {
    return gather(source.blob(exports.digest, { sizeBytes: exports.body.length, offset, signal }));
}
async function gather(chunks) {
    const gathered = [];
    for await (const chunk of chunks)
        gathered.push(chunk);
    return Buffer.concat(gathered);
}
const theManifest = (_, response) => response.writeHead(200, { 'content-type': exports.mediaType }).end(exports.manifest);
exports.theManifest = theManifest;
const whole = (_, response) => response.end(exports.body);
exports.whole = whole;
const status = (code, headers = {}, text = 'an error page') => (_, response) => {
    response.writeHead(code, headers).end(text);
};
exports.status = status;
const broken = (bytes) => (_, response) => {
    response.writeHead(200, { 'content-length': exports.body.length });
    response.write(exports.body.subarray(0, bytes), () => response.destroy());
};
exports.broken = broken;
const ranged = (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
    response
        .writeHead(206, { 'content-range': `bytes ${from}-${exports.body.length - 1}/${exports.body.length}` })
        .end(exports.body.subarray(from));
};
exports.ranged = ranged;
const silent = () => undefined;
exports.silent = silent;
const halfSilent = (_, response) => {
    response.writeHead(200, { 'content-length': exports.body.length });
    response.write(exports.body.subarray(0, 1000));
};
exports.halfSilent = halfSilent;
const redirect = (to, code = 307) => (0, exports.status)(code, { location: to }, '');
exports.redirect = redirect;
/** Lets in who has one of these tokens or passwords; others are told to ask `realm`. */
const guarded = (challenge, accepted, then) => (request, response) => {
    if (accepted.includes(request.headers.authorization ?? ''))
        then(request, response);
    else
        (0, exports.status)(401, { 'www-authenticate': challenge })(request, response);
};
exports.guarded = guarded;
const json = (value) => (_, response) => response.end(JSON.stringify(value));
exports.json = json;
const auth = (text) => ({ auth: Buffer.from(text).toString('base64') });
exports.auth = auth;
const basic = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
exports.basic = basic;
const bearerAt = (host) => `Bearer realm="http://${host}/token",service="s",scope="repository:team/app:pull"`;
exports.bearerAt = bearerAt;
/** Says nothing of how much comes. */
const pieces = (...chunks) => (_, response) => {
    for (const chunk of chunks)
        response.write(chunk);
    response.end();
};
exports.pieces = pieces;
/** Sends until the other side has had enough. */
function flood(response) {
    const chunk = Buffer.alloc(1 << 16, ' ');
    const more = () => {
        while (!response.destroyed && response.write(chunk))
            ;
    };
    response.on('drain', more);
    more();
}
