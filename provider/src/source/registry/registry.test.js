"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const vitest_1 = require("vitest");
const digest_js_1 = require("../../model/digest.js");
const error_js_1 = require("../error.js");
const registry_fixture_js_1 = require("./registry.fixture.js");
const around = (0, registry_fixture_js_1.useServers)();
const open = (options) => (0, registry_fixture_js_1.openIn)(around, options);
(0, vitest_1.describe)('manifest()', () => {
    (0, vitest_1.test)('gives the bytes as they are, with their media type, and asks for all kinds', async () => {
        around.server.answers = [
            (0, registry_fixture_js_1.status)(200, { 'content-type': `${registry_fixture_js_1.mediaType.toUpperCase()}; charset=utf-8` }, registry_fixture_js_1.manifest.toString()),
        ];
        (0, vitest_1.expect)(await (await open()).manifest('1.0')).toEqual({ bytes: registry_fixture_js_1.manifest, mediaType: registry_fixture_js_1.mediaType });
        (0, vitest_1.expect)(around.server.requests.map(({ url }) => url)).toEqual([registry_fixture_js_1.MANIFEST]);
        (0, vitest_1.expect)(around.server.requests[0]?.headers.accept).toMatch(/oci\.image\.index.*manifest\.list.*oci\.image\.manifest.*manifest\.v2/);
        (0, vitest_1.expect)(around.server.requests[0]?.headers['accept-encoding']).toBe('identity');
        (0, vitest_1.expect)(around.server.requests[0]?.headers.authorization).toBeUndefined();
    });
    vitest_1.test.each([
        ['not-found', 'no such tag', (0, registry_fixture_js_1.status)(404), 2],
        ['forbidden', 'no access', (0, registry_fixture_js_1.status)(403), 1],
        ['unsupported', 'a login that is not offered', (0, registry_fixture_js_1.status)(401), 1],
        ['rate-limited', 'a registry that has had enough', (0, registry_fixture_js_1.status)(429), 4],
        ['rate-limited', 'one that has had enough for an hour', (0, registry_fixture_js_1.status)(429, { 'retry-after': '3600' }), 1],
        ['bad-answer', 'a registry with a problem', (0, registry_fixture_js_1.status)(503), 4],
        ['bad-answer', 'a status without a manifest', (0, registry_fixture_js_1.status)(204), 1],
        ['too-large', 'a huge manifest, announced', (0, registry_fixture_js_1.status)(200, { 'content-length': '9000000000' }), 1],
        ['too-large', 'a huge manifest', (_, response) => (0, registry_fixture_js_1.flood)(response), 1],
        ['unreachable', 'connections that always break', (_, response) => response.destroy(), 4],
        ['bad-answer', 'redirects without end', (request, response) => (0, registry_fixture_js_1.redirect)(`${request.url}x`)(request, response), 9],
        ['bad-answer', 'a redirect to nowhere', (0, registry_fixture_js_1.status)(302), 1],
        ['bad-answer', 'a redirect to a file', (0, registry_fixture_js_1.redirect)('file:///etc/passwd'), 1],
        ['bad-answer', 'a redirect out of TLS and off this machine', (0, registry_fixture_js_1.redirect)('http://r.invalid/'), 1],
        ['digest-mismatch', 'other bytes than it says', (0, registry_fixture_js_1.status)(200, { 'docker-content-digest': registry_fixture_js_1.digest }), 1],
    ])('throws %s for %s', async (code, _, answer, count) => {
        around.server.answers = [answer];
        const asking = (await open()).manifest('1.0');
        await (0, vitest_1.expect)(asking).rejects.toBeInstanceOf(error_js_1.SourceError);
        await (0, vitest_1.expect)(asking).rejects.toMatchObject({ code, message: vitest_1.expect.stringMatching(/^Cannot \w+ .*: /) });
        (0, vitest_1.expect)(around.server.requests).toHaveLength(count);
    });
    (0, vitest_1.test)('throws timeout for a registry that never answers, and for one that never ends', async () => {
        for (const answer of [registry_fixture_js_1.silent, registry_fixture_js_1.halfSilent]) {
            around.server.answers = [answer];
            const source = await open({ patience: { ...registry_fixture_js_1.impatience, attempts: 2 } });
            await (0, vitest_1.expect)(source.manifest('1.0')).rejects.toMatchObject({ code: 'timeout' });
        }
    });
    vitest_1.test.each([
        ['has a problem for a while', [(0, registry_fixture_js_1.status)(503), (0, registry_fixture_js_1.status)(502), registry_fixture_js_1.theManifest]],
        ['wants us to wait', [(0, registry_fixture_js_1.status)(429, { 'retry-after': '0' }), registry_fixture_js_1.theManifest]],
        ['breaks the connection', [(_, response) => response.destroy(), registry_fixture_js_1.theManifest]],
    ])('gets it in the end from a registry that %s', async (_, answers) => {
        around.server.answers = [...answers];
        (0, vitest_1.expect)((await (await open()).manifest('1.0')).bytes).toEqual(registry_fixture_js_1.manifest);
        (0, vitest_1.expect)(around.server.requests).toHaveLength(answers.length);
    });
    (0, vitest_1.test)('waits as long as it is asked to', async () => {
        around.server.answers = [(0, registry_fixture_js_1.status)(429, { 'retry-after': '1' }), registry_fixture_js_1.theManifest];
        const before = performance.now();
        await (await open()).manifest('1.0');
        (0, vitest_1.expect)(performance.now() - before).toBeGreaterThan(990);
    });
    (0, vitest_1.test)('checks a digest that it is asked for', async () => {
        const source = await open();
        (0, vitest_1.expect)((await source.manifest((0, digest_js_1.sha256)(registry_fixture_js_1.manifest))).bytes).toEqual(registry_fixture_js_1.manifest);
        await (0, vitest_1.expect)(source.manifest(registry_fixture_js_1.digest)).rejects.toMatchObject({ code: 'digest-mismatch', context: { want: registry_fixture_js_1.digest } });
    });
    vitest_1.test.each(['../x', 'a/b', '', 'a?b', 'sha512:00', 'a b'])('asks nobody for the reference %j', async (reference) => {
        await (0, vitest_1.expect)((await open()).manifest(reference)).rejects.toMatchObject({ code: 'bad-reference' });
        (0, vitest_1.expect)(around.server.requests).toHaveLength(0);
    });
    (0, vitest_1.test)('throws the reason of an abort at once', async () => {
        around.server.answers = [registry_fixture_js_1.silent];
        const source = await open({ signal: AbortSignal.timeout(50) });
        await (0, vitest_1.expect)(source.manifest('1.0')).rejects.toMatchObject({ name: 'TimeoutError' });
    });
    (0, vitest_1.test)('says that the host is not known, once', async () => {
        const source = await open({ name: 'registry.invalid/a' });
        await (0, vitest_1.expect)(source.manifest('1.0')).rejects.toMatchObject({
            code: 'unreachable',
            message: vitest_1.expect.stringMatching(/^Cannot fetch https:\/\/registry\.invalid\/: its host name/),
        });
    });
});
(0, vitest_1.describe)('digestOf()', () => {
    (0, vitest_1.test)('asks for the head alone', async () => {
        around.server.answers = [(0, registry_fixture_js_1.status)(200, { 'docker-content-digest': registry_fixture_js_1.digest }, '')];
        (0, vitest_1.expect)(await (await open()).digestOf('1.0')).toBe(registry_fixture_js_1.digest);
        (0, vitest_1.expect)(around.server.requests.map(({ method }) => method)).toEqual(['HEAD']);
    });
    (0, vitest_1.test)('reads the manifest where the registry does not say', async () => {
        (0, vitest_1.expect)(await (await open()).digestOf('1.0')).toBe((0, digest_js_1.sha256)(registry_fixture_js_1.manifest));
        (0, vitest_1.expect)(around.server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
    });
});
(0, vitest_1.describe)('blob()', () => {
    vitest_1.test.each([
        ['a registry that gives it at once', [registry_fixture_js_1.whole]],
        ['a connection that breaks, to a server that can go on', [(0, registry_fixture_js_1.broken)(200_000), registry_fixture_js_1.ranged]],
        ['a connection that breaks, to one that cannot', [(0, registry_fixture_js_1.broken)(200_000), registry_fixture_js_1.whole]],
        ['connections that break again and again', [(0, registry_fixture_js_1.broken)(100_000), (0, registry_fixture_js_1.broken)(300_000), (0, registry_fixture_js_1.broken)(10), registry_fixture_js_1.ranged]],
        ['a server with a problem after the beginning', [(0, registry_fixture_js_1.broken)(200_000), (0, registry_fixture_js_1.status)(503), registry_fixture_js_1.ranged]],
        ['a server that falls silent', [registry_fixture_js_1.halfSilent, registry_fixture_js_1.ranged]],
        [
            'a store that refuses a signed address once',
            [(_, r) => (0, registry_fixture_js_1.redirect)(`http://${around.store.host}/old`)(_, r), registry_fixture_js_1.whole],
        ],
    ])('gets it from %s', async (name, answers) => {
        around.server.answers = [...answers];
        around.store.answers = [(0, registry_fixture_js_1.status)(403)];
        const source = await open(name.endsWith('silent') ? { patience: registry_fixture_js_1.impatience } : {});
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(source)).toEqual(registry_fixture_js_1.body);
        (0, vitest_1.expect)(around.server.requests.length).toBeGreaterThanOrEqual(answers.length);
    });
    (0, vitest_1.test)('goes on where the connection broke, and begins where it is asked to', async () => {
        around.server.answers = [(0, registry_fixture_js_1.broken)(200_000), registry_fixture_js_1.ranged];
        const source = await open();
        await (0, registry_fixture_js_1.blobOf)(source);
        (0, vitest_1.expect)(around.server.requests[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
        around.server.answers = [registry_fixture_js_1.ranged];
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(source, 1234)).toEqual(registry_fixture_js_1.body.subarray(1234));
        (0, vitest_1.expect)(around.server.requests[2]?.headers.range).toBe('bytes=1234-');
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(source, registry_fixture_js_1.body.length)).toHaveLength(0);
        (0, vitest_1.expect)(around.server.requests).toHaveLength(3);
    });
    vitest_1.test.each([
        ['not-found', 'no such blob', (0, registry_fixture_js_1.status)(404), 1],
        ['size-mismatch', 'another size', (_, response) => response.end(registry_fixture_js_1.body.subarray(1)), 1],
        ['size-mismatch', 'more bytes, unannounced', (0, registry_fixture_js_1.pieces)(registry_fixture_js_1.body, 'more'), 1],
        ['unreachable', 'fewer bytes, unannounced', (0, registry_fixture_js_1.pieces)(registry_fixture_js_1.body.subarray(0, 5)), 4],
        ['bad-answer', 'a part that was not asked for', (0, registry_fixture_js_1.status)(206, { 'content-range': 'bytes 5-9/500000' }), 1],
        ['unreachable', 'connections that always break', (0, registry_fixture_js_1.broken)(0), 4],
    ])('throws %s for %s', async (code, _, answer, count) => {
        around.server.answers = [answer];
        await (0, vitest_1.expect)((0, registry_fixture_js_1.blobOf)(await open())).rejects.toMatchObject({
            code,
            message: vitest_1.expect.stringMatching(/^Cannot fetch /),
        });
        (0, vitest_1.expect)(around.server.requests).toHaveLength(count);
    });
    (0, vitest_1.test)('takes bytes as they are, whatever the server says that they are', async () => {
        around.server.answers = [(0, registry_fixture_js_1.status)(200, { 'content-encoding': 'gzip' }, 'these are')];
        const source = await open();
        const named = source.blob((0, digest_js_1.sha256)('these are'), { sizeBytes: 9, signal: registry_fixture_js_1.never });
        (0, vitest_1.expect)((await (0, registry_fixture_js_1.gather)(named)).toString()).toBe('these are');
    });
    (0, vitest_1.test)('throws the reason of an abort at once, and can be left at any time', async () => {
        around.server.answers = [registry_fixture_js_1.halfSilent];
        const source = await open();
        await (0, vitest_1.expect)((0, registry_fixture_js_1.blobOf)(source, 0, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
        for await (const chunk of source.blob(registry_fixture_js_1.digest, { sizeBytes: registry_fixture_js_1.body.length, signal: registry_fixture_js_1.never })) {
            (0, vitest_1.expect)(chunk.byteLength).toBeGreaterThan(0);
            break;
        }
    });
});
