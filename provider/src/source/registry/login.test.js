"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const vitest_1 = require("vitest");
const error_js_1 = require("../error.js");
const registry_fixture_js_1 = require("./registry.fixture.js");
const around = (0, registry_fixture_js_1.useServers)();
const open = (options) => (0, registry_fixture_js_1.openIn)(around, options);
(0, vitest_1.describe)('a login', () => {
    const config = () => ({ auths: { [around.server.host]: (0, registry_fixture_js_1.auth)('jo:s3cret') } });
    (0, vitest_1.test)('with a password is made when it is asked for, and then kept', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], registry_fixture_js_1.theManifest)];
        const source = await open(config());
        await source.manifest('1.0');
        await source.manifest('1.0');
        (0, vitest_1.expect)(around.server.requests.map(({ headers }) => headers.authorization)).toEqual([
            undefined,
            (0, registry_fixture_js_1.basic)('jo:s3cret'),
            (0, registry_fixture_js_1.basic)('jo:s3cret'),
        ]);
    });
    (0, vitest_1.test)('with a token is made once for all who wait', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), ['Bearer one'], registry_fixture_js_1.whole)];
        around.store.answers = [(0, registry_fixture_js_1.json)({ token: 'one' })];
        const source = await open();
        await Promise.all([(0, registry_fixture_js_1.blobOf)(source), (0, registry_fixture_js_1.blobOf)(source), (0, registry_fixture_js_1.blobOf)(source)]);
        (0, vitest_1.expect)(around.store.requests.map(({ url }) => url)).toEqual([
            '/token?service=s&scope=repository%3Ateam%2Fapp%3Apull',
        ]);
        (0, vitest_1.expect)(around.store.requests[0]?.headers.authorization).toBeUndefined();
    });
    (0, vitest_1.test)('is made anew when a token expires in the middle of a blob', async () => {
        let good = 'one';
        around.store.answers = [(request, response) => (0, registry_fixture_js_1.json)({ access_token: good })(request, response)];
        const expiring = (request, response) => {
            good = 'two';
            (0, registry_fixture_js_1.broken)(200_000)(request, response);
        };
        around.server.answers = [
            (0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), [], registry_fixture_js_1.whole),
            (0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), ['Bearer one'], expiring),
            (0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), ['Bearer two'], registry_fixture_js_1.ranged),
        ];
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(await open())).toEqual(registry_fixture_js_1.body);
        (0, vitest_1.expect)(around.server.requests.map(({ headers }) => headers.authorization)).toEqual([
            undefined,
            'Bearer one',
            'Bearer one',
            'Bearer two',
        ]);
        (0, vitest_1.expect)(around.server.requests[3]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    });
    (0, vitest_1.test)('is not made again and again', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), [], registry_fixture_js_1.theManifest)];
        around.store.answers = [(0, registry_fixture_js_1.json)({ token: 'one' })];
        await (0, vitest_1.expect)((await open()).manifest('1.0')).rejects.toMatchObject({ code: 'forbidden' });
        (0, vitest_1.expect)(around.server.requests).toHaveLength(2);
    });
    (0, vitest_1.test)('goes with the password to the token around.server, which the registry chooses', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), ['Bearer one'], registry_fixture_js_1.theManifest)];
        around.store.answers = [(0, registry_fixture_js_1.json)({ token: 'one' })];
        await (await open(config())).manifest('1.0');
        (0, vitest_1.expect)(around.store.requests[0]?.headers.authorization).toBe((0, registry_fixture_js_1.basic)('jo:s3cret'));
    });
    (0, vitest_1.test)('gives a token that stands ready to the registry alone', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), ['Bearer ready'], registry_fixture_js_1.theManifest)];
        await (await open({ auths: { [around.server.host]: { registrytoken: 'ready' } } })).manifest('1.0');
        (0, vitest_1.expect)(around.store.requests).toHaveLength(0);
    });
    vitest_1.test.each([
        ['forbidden', 'refuses', (0, registry_fixture_js_1.status)(401)],
        ['rate-limited', 'has had enough', (0, registry_fixture_js_1.status)(429)],
        ['bad-answer', 'has a problem', (0, registry_fixture_js_1.status)(500)],
        ['bad-answer', 'has moved', (0, registry_fixture_js_1.status)(410)],
        ['bad-answer', 'says nothing', (0, registry_fixture_js_1.status)(200, {}, '')],
        ['bad-answer', 'says something else', (0, registry_fixture_js_1.json)({ token: 5 })],
        ['bad-answer', 'gives what is no header', (0, registry_fixture_js_1.json)({ token: 'a\r\nx-evil: 1' })],
        ['too-large', 'says too much', (_, response) => (0, registry_fixture_js_1.flood)(response)],
        ['unreachable', 'breaks the connection', (_, response) => response.destroy()],
    ])('throws %s when the token server %s', async (code, _, answer) => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), [], registry_fixture_js_1.theManifest)];
        around.store.answers = [answer];
        await (0, vitest_1.expect)((await open(config())).manifest('1.0')).rejects.toMatchObject({ code });
    });
    vitest_1.test.each([
        ['no address', 'Bearer realm="token"'],
        ['no realm', 'Bearer service="s"'],
        ['a server without TLS', 'Bearer realm="http://tokens.invalid/"'],
        ['a file', 'Bearer realm="file:///etc/passwd"'],
    ])('throws bad-answer for a challenge with %s', async (_, challenge) => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)(challenge, [], registry_fixture_js_1.theManifest)];
        await (0, vitest_1.expect)((await open(config())).manifest('1.0')).rejects.toMatchObject({ code: 'bad-answer' });
    });
});
(0, vitest_1.describe)('credentials', () => {
    const SECRETS = /s3cret|t0ken|s1gned|czNjcmV0/;
    (0, vitest_1.test)('do not follow a redirect to another origin, nor come back from there', async () => {
        around.server.answers = [
            (0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], (request, response) => (0, registry_fixture_js_1.redirect)(`http://user:pw@${around.store.host}/x?sig=s1gned`)(request, response)),
        ];
        around.server.byPath.set('/back', registry_fixture_js_1.whole);
        around.store.byPath.set('/x', (request, response) => (0, registry_fixture_js_1.redirect)(`http://${around.server.host}/back`)(request, response));
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(await open({ auths: { [around.server.host]: (0, registry_fixture_js_1.auth)('jo:s3cret') } }))).toEqual(registry_fixture_js_1.body);
        (0, vitest_1.expect)(around.store.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
            ['/x?sig=s1gned', undefined],
        ]);
        (0, vitest_1.expect)(around.server.requests.at(-1)?.headers.authorization).toBeUndefined();
    });
    (0, vitest_1.test)('follow a redirect within the registry', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], (0, registry_fixture_js_1.redirect)('/v2/else'))];
        around.server.byPath.set('/v2/else', (0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], registry_fixture_js_1.whole));
        (0, vitest_1.expect)(await (0, registry_fixture_js_1.blobOf)(await open({ auths: { [around.server.host]: (0, registry_fixture_js_1.auth)('jo:s3cret') } }))).toEqual(registry_fixture_js_1.body);
    });
    (0, vitest_1.test)('are not given to another origin that asks for them', async () => {
        around.server.answers = [
            (0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], (q, r) => (0, registry_fixture_js_1.redirect)(`http://${around.store.host}/`)(q, r)),
        ];
        around.store.answers = [(0, registry_fixture_js_1.status)(401, { 'www-authenticate': 'Basic realm="evil"' })];
        const source = await open({
            auths: { [around.server.host]: (0, registry_fixture_js_1.auth)('jo:s3cret'), [around.store.host]: (0, registry_fixture_js_1.auth)('jo:s3cret') },
        });
        await (0, vitest_1.expect)((0, registry_fixture_js_1.blobOf)(source)).rejects.toMatchObject({ code: 'forbidden' });
        for (const { headers } of around.store.requests)
            (0, vitest_1.expect)(headers.authorization).toBeUndefined();
    });
    (0, vitest_1.test)('of a registry are not for its mirror', async () => {
        around.server.answers = [(0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], registry_fixture_js_1.theManifest)];
        around.store.answers = [(0, registry_fixture_js_1.status)(401, { 'www-authenticate': 'Basic realm="r"' })];
        const mirrors = [`${around.server.host}=http://${around.store.host}`];
        const source = await open({ auths: { [around.server.host]: (0, registry_fixture_js_1.auth)('jo:s3cret') }, mirrors });
        await source.manifest('1.0');
        for (const { headers } of around.store.requests)
            (0, vitest_1.expect)(headers.authorization).toBeUndefined();
    });
    (0, vitest_1.test)('never stand in an error', async () => {
        const signed = `http://${around.store.host}/t0ken/x?sig=s1gned`;
        const auths = { [around.server.host]: (0, registry_fixture_js_1.auth)('jo:s3cret') };
        const mirrors = [`other.invalid=http://jo:s3cret@${around.server.host}`];
        const let_in = (then) => (0, registry_fixture_js_1.guarded)('Basic realm="r"', [(0, registry_fixture_js_1.basic)('jo:s3cret')], then);
        const cases = [
            [let_in((0, registry_fixture_js_1.redirect)(signed)), (0, registry_fixture_js_1.status)(500, {}, 's3cret')],
            [let_in((0, registry_fixture_js_1.redirect)(signed)), (0, registry_fixture_js_1.status)(404, {}, '{"errors":[{"code":"X","message":"s3cret"}]}')],
            [let_in((0, registry_fixture_js_1.redirect)(signed)), (_, response) => response.destroy()],
            [let_in((0, registry_fixture_js_1.redirect)(signed)), (0, registry_fixture_js_1.status)(200, { 'content-length': '5' }, 'short')],
            [let_in((0, registry_fixture_js_1.redirect)('http://t0ken.invalid:1/?sig=s1gned'.replace('t0ken', 'x'))), registry_fixture_js_1.whole],
            [(0, registry_fixture_js_1.status)(401, { 'www-authenticate': 'Basic realm="s3cret"' }), registry_fixture_js_1.whole],
            [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), [], registry_fixture_js_1.whole), (0, registry_fixture_js_1.json)({ token: 't0ken\n' })],
            [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(around.store.host), [], registry_fixture_js_1.whole), (0, registry_fixture_js_1.json)({ token: 't0ken' })],
            [(0, registry_fixture_js_1.guarded)((0, registry_fixture_js_1.bearerAt)(`${around.store.host}/?t0ken`), [], registry_fixture_js_1.whole), (0, registry_fixture_js_1.status)(400)],
            [(0, registry_fixture_js_1.status)(401, { 'www-authenticate': 's3cret' }), registry_fixture_js_1.whole],
            [(_, response) => response.destroy(), registry_fixture_js_1.whole],
        ];
        for (const [answer, other] of cases) {
            for (const name of [`${around.server.host}/team/app`, 'other.invalid/team/app']) {
                around.server.answers = [answer];
                around.store.answers = [other];
                const source = await open({ name, auths, mirrors, patience: { ...registry_fixture_js_1.patience, attempts: 2 } });
                const failure = await (0, registry_fixture_js_1.blobOf)(source).catch((error) => error);
                (0, vitest_1.expect)(failure).toBeInstanceOf(error_js_1.SourceError);
                for (let error = failure; error instanceof Error; error = error.cause) {
                    const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error)}`;
                    (0, vitest_1.expect)(shown).not.toMatch(SECRETS);
                }
            }
        }
    });
});
