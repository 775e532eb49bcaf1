"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const promises_1 = require("node:fs/promises");
const node_http_1 = require("node:http");
const node_net_1 = require("node:net");
const node_path_1 = require("node:path");
const vitest_1 = require("vitest");
const client_js_1 = require("./client.js");
const registry_fixture_js_1 = require("./registry.fixture.js");
const around = (0, registry_fixture_js_1.useServers)();
const open = (options) => (0, registry_fixture_js_1.openIn)(around, options);
(0, vitest_1.describe)('a mirror', () => {
    const mirrors = () => [`${around.server.host}=http://${around.store.host}/cache/`];
    (0, vitest_1.test)('is asked first, under its own path', async () => {
        around.store.answers = [registry_fixture_js_1.theManifest];
        (0, vitest_1.expect)((await (await open({ mirrors: mirrors() })).manifest('1.0')).bytes).toEqual(registry_fixture_js_1.manifest);
        (0, vitest_1.expect)(around.store.requests.map(({ url }) => url)).toEqual([`/cache${registry_fixture_js_1.MANIFEST}`]);
        (0, vitest_1.expect)(around.server.requests).toHaveLength(0);
    });
    (0, vitest_1.test)('may have its images under a path of the API', async () => {
        around.store.answers = [registry_fixture_js_1.theManifest];
        await (await open({ mirrors: [`http://${around.store.host}/v2/hub`] })).manifest('1.0');
        (0, vitest_1.expect)(around.store.requests.map(({ url }) => url)).toEqual(['/v2/hub/team/app/manifests/1.0']);
    });
    vitest_1.test.each([
        ['does not have it', (0, registry_fixture_js_1.status)(404)],
        ['refuses', (0, registry_fixture_js_1.status)(403)],
        ['has a problem', (0, registry_fixture_js_1.status)(500)],
        ['is gone', (_, response) => response.destroy()],
        ['has something else', (0, registry_fixture_js_1.status)(200, { 'content-length': '7' }, 'another')],
    ])('that %s is no obstacle', async (_, answer) => {
        around.store.answers = [answer];
        around.server.byPath.set(registry_fixture_js_1.BLOB, registry_fixture_js_1.whole);
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(await open({ mirrors: mirrors() }))).toEqual(registry_fixture_js_1.body);
    });
    (0, vitest_1.test)('that breaks off is gone on from, at the registry', async () => {
        around.store.answers = [(0, registry_fixture_js_1.broken)(200_000), (0, registry_fixture_js_1.status)(404)];
        around.server.byPath.set(registry_fixture_js_1.BLOB, registry_fixture_js_1.ranged);
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(await open({ mirrors: mirrors() }))).toEqual(registry_fixture_js_1.body);
        (0, vitest_1.expect)(around.server.requests[0]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    });
    (0, vitest_1.test)('says in the error what was wrong with it', async () => {
        around.store.answers = [(0, registry_fixture_js_1.status)(403)];
        around.server.answers = [(0, registry_fixture_js_1.status)(404)];
        await (0, vitest_1.expect)((await open({ mirrors: mirrors() })).manifest('1.0')).rejects.toMatchObject({
            code: 'not-found',
            message: vitest_1.expect.stringMatching(/before that, its mirrors: Cannot fetch .*refuses access/),
        });
    });
    (0, vitest_1.test)('gets the credentials of its address', async () => {
        around.store.answers = [(0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo@x:s3cret')], registry_fixture_js_1.theManifest)];
        const source = await open({ mirrors: [`${around.server.host}=http://jo%40x:s3cret@${around.store.host}`] });
        (0, vitest_1.expect)((await source.manifest('1.0')).bytes).toEqual(registry_fixture_js_1.manifest);
        (0, vitest_1.expect)(around.server.requests).toHaveLength(0);
    });
});
(0, vitest_1.describe)('a proxy', () => {
    const environment = () => ({
        HTTP_PROXY: `http://jo:s3cret@${around.store.host}`,
        HTTPS_PROXY: `http://jo:s3cret@${around.store.host}`,
    });
    (0, vitest_1.test)('is asked for a registry without TLS', async () => {
        around.store.answers = [
            (request, response) => {
                // Whatever host it is asked for is our server.
                const { pathname } = new URL(request.url ?? '');
                const { host: _, ...headers } = request.headers;
                const [hostname = '', port] = around.server.host.split(':');
                (0, node_http_1.request)({ hostname, port, path: pathname, headers }, (answer) => answer.pipe(response)).end();
            },
        ];
        const source = await open({ name: 'r.invalid/team/app', insecure: ['r.invalid'], environment: environment() });
        (0, vitest_1.expect)((await source.manifest('1.0')).bytes).toEqual(registry_fixture_js_1.manifest);
        (0, vitest_1.expect)(around.store.requests[0]?.url).toBe(`http://r.invalid${registry_fixture_js_1.MANIFEST}`);
        (0, vitest_1.expect)(around.store.requests[0]?.headers['proxy-authorization']).toBe((0, registry_fixture_js_1.basic)('jo:s3cret'));
    });
    (0, vitest_1.test)('makes a tunnel to one with TLS', async () => {
        const asked = [];
        const sockets = [];
        around.store.http.on('connect', (request, socket) => {
            asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
            const [hostname = '', port] = around.server.host.split(':');
            const onward = (0, node_net_1.connect)(Number(port), hostname, () => {
                socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
                socket.pipe(onward).pipe(socket);
            });
            sockets.push(socket, onward);
            for (const end of [socket, onward])
                end.on('error', () => undefined);
        });
        const source = await open({
            name: 'r.invalid/team/app',
            environment: environment(),
            patience: { ...registry_fixture_js_1.patience, attempts: 1 },
        });
        // Our server speaks no TLS; that much comes back through the tunnel.
        await (0, vitest_1.expect)(source.manifest('1.0')).rejects.toMatchObject({ message: vitest_1.expect.stringContaining('TLS') });
        (0, vitest_1.expect)(asked[0]).toBe(`r.invalid:443 ${(0, registry_fixture_js_1.basic)('jo:s3cret')}`);
        for (const socket of sockets)
            socket.destroy();
    });
    (0, vitest_1.test)('is not asked for this machine, nor for what is excepted', async () => {
        await (await open({ environment: environment() })).manifest('1.0');
        const source = await open({ name: 'r.invalid/a', environment: { ...environment(), NO_PROXY: '.invalid' } });
        await (0, vitest_1.expect)(source.manifest('1.0')).rejects.toMatchObject({ code: 'unreachable' });
        (0, vitest_1.expect)(around.store.requests).toHaveLength(0);
    });
});
(0, vitest_1.describe)('RegistryClient', () => {
    (0, vitest_1.test)('finds out that a registry on this machine speaks no TLS', async () => {
        const source = await open({ insecure: [] });
        (0, vitest_1.expect)((await source.manifest('1.0')).bytes).toEqual(registry_fixture_js_1.manifest);
        (0, vitest_1.expect)(around.server.requests.map(({ url }) => url)).toEqual([registry_fixture_js_1.MANIFEST]);
    });
    (0, vitest_1.test)('refuses a file of authorities that is none', async () => {
        const caFile = (0, node_path_1.join)(around.folder, 'ca.pem');
        const opening = () => client_js_1.RegistryClient.open({ caFile, environment: {} });
        await (0, vitest_1.expect)(opening()).rejects.toMatchObject({ code: 'unreadable' });
        await (0, promises_1.writeFile)(caFile, 'nothing');
        await (0, vitest_1.expect)(opening()).rejects.toMatchObject({
            code: 'unreadable',
            message: vitest_1.expect.stringContaining('no certificate'),
        });
        await (0, promises_1.writeFile)(caFile, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
        await (0, vitest_1.expect)(opening()).rejects.toMatchObject({ code: 'unreadable' });
    });
    (0, vitest_1.test)('ends what is under way when it is closed', async () => {
        around.server.answers = [registry_fixture_js_1.silent];
        const source = await open();
        const asking = source.manifest('1.0').catch((error) => error);
        while (around.server.requests.length === 0)
            await new Promise((later) => setTimeout(later, 5));
        await around.clients[0]?.close();
        (0, vitest_1.expect)(await asking).toBeInstanceOf(Error);
    });
});
