import { describe, expect, test } from 'vitest';
import { SourceError } from '../error.js';
import {
  type Answer,
  auth,
  basic,
  bearerAt,
  blobOf,
  body,
  broken,
  flood,
  guarded,
  json,
  type OpenOptions,
  openIn,
  patience,
  ranged,
  redirect,
  status,
  theManifest,
  useServers,
  whole,
} from './registry.fixture.js';

const around = useServers();
const open = (options?: OpenOptions) => openIn(around, options);

describe('a login', () => {
  const config = () => ({ auths: { [around.server.host]: auth('jo:s3cret') } });

  test('with a password is made when it is asked for, and then kept', async () => {
    around.server.answers = [guarded('Basic realm="r"', [basic('jo:s3cret')], theManifest)];
    const source = await open(config());
    await source.manifest('1.0');
    await source.manifest('1.0');
    expect(around.server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      basic('jo:s3cret'),
      basic('jo:s3cret'),
    ]);
  });

  test('with a token is made once for all who wait', async () => {
    around.server.answers = [guarded(bearerAt(around.store.host), ['Bearer one'], whole)];
    around.store.answers = [json({ token: 'one' })];
    const source = await open();
    await Promise.all([blobOf(source), blobOf(source), blobOf(source)]);
    expect(around.store.requests.map(({ url }) => url)).toEqual([
      '/token?service=s&scope=repository%3Ateam%2Fapp%3Apull',
    ]);
    expect(around.store.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('is made anew when a token expires in the middle of a blob', async () => {
    let good = 'one';
    around.store.answers = [(request, response) => json({ access_token: good })(request, response)];
    const expiring: Answer = (request, response) => {
      good = 'two';
      broken(200_000)(request, response);
    };
    around.server.answers = [
      guarded(bearerAt(around.store.host), [], whole),
      guarded(bearerAt(around.store.host), ['Bearer one'], expiring),
      guarded(bearerAt(around.store.host), ['Bearer two'], ranged),
    ];
    expect(await blobOf(await open())).toEqual(body);
    expect(around.server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer one',
      'Bearer one',
      'Bearer two',
    ]);
    expect(around.server.requests[3]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test('is not made again and again', async () => {
    around.server.answers = [guarded(bearerAt(around.store.host), [], theManifest)];
    around.store.answers = [json({ token: 'one' })];
    await expect((await open()).manifest('1.0')).rejects.toMatchObject({ code: 'forbidden' });
    expect(around.server.requests).toHaveLength(2);
  });

  test('goes with the password to the token server, which the registry chooses', async () => {
    around.server.answers = [guarded(bearerAt(around.store.host), ['Bearer one'], theManifest)];
    around.store.answers = [json({ token: 'one' })];
    await (await open(config())).manifest('1.0');
    expect(around.store.requests[0]?.headers.authorization).toBe(basic('jo:s3cret'));
  });

  test('gives a token that stands ready to the registry alone', async () => {
    around.server.answers = [guarded(bearerAt(around.store.host), ['Bearer ready'], theManifest)];
    await (await open({ auths: { [around.server.host]: { registrytoken: 'ready' } } })).manifest('1.0');
    expect(around.store.requests).toHaveLength(0);
  });

  test.each<[string, string, Answer]>([
    ['forbidden', 'refuses', status(401)],
    ['rate-limited', 'has had enough', status(429)],
    ['bad-answer', 'has a problem', status(500)],
    ['bad-answer', 'has moved', status(410)],
    ['bad-answer', 'says nothing', status(200, {}, '')],
    ['bad-answer', 'says something else', json({ token: 5 })],
    ['bad-answer', 'gives what is no header', json({ token: 'a\r\nx-evil: 1' })],
    ['too-large', 'says too much', (_, response) => flood(response)],
    ['unreachable', 'breaks the connection', (_, response) => response.destroy()],
  ])('throws %s when the token server %s', async (code, _, answer) => {
    around.server.answers = [guarded(bearerAt(around.store.host), [], theManifest)];
    around.store.answers = [answer];
    await expect((await open(config())).manifest('1.0')).rejects.toMatchObject({ code });
  });

  test.each([
    ['no address', 'Bearer realm="token"'],
    ['no realm', 'Bearer service="s"'],
    ['a server without TLS', 'Bearer realm="http://tokens.invalid/"'],
    ['a file', 'Bearer realm="file:///etc/passwd"'],
  ])('throws bad-answer for a challenge with %s', async (_, challenge) => {
    around.server.answers = [guarded(challenge, [], theManifest)];
    await expect((await open(config())).manifest('1.0')).rejects.toMatchObject({ code: 'bad-answer' });
  });
});

describe('credentials', () => {
  const SECRETS = /s3cret|t0ken|s1gned|czNjcmV0/;

  test('do not follow a redirect to another origin, nor come back from there', async () => {
    around.server.answers = [
      guarded('Basic realm="r"', [basic('jo:s3cret')], (request, response) =>
        redirect(`http://user:pw@${around.store.host}/x?sig=s1gned`)(request, response),
      ),
    ];
    around.server.byPath.set('/back', whole);
    around.store.byPath.set('/x', (request, response) =>
      redirect(`http://${around.server.host}/back`)(request, response),
    );
    expect(await blobOf(await open({ auths: { [around.server.host]: auth('jo:s3cret') } }))).toEqual(body);
    expect(around.store.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/x?sig=s1gned', undefined],
    ]);
    expect(around.server.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  test('follow a redirect within the registry', async () => {
    around.server.answers = [guarded('Basic realm="r"', [basic('jo:s3cret')], redirect('/v2/else'))];
    around.server.byPath.set('/v2/else', guarded('Basic realm="r"', [basic('jo:s3cret')], whole));
    expect(await blobOf(await open({ auths: { [around.server.host]: auth('jo:s3cret') } }))).toEqual(body);
  });

  test('are not given to another origin that asks for them', async () => {
    around.server.answers = [
      guarded('Basic realm="r"', [basic('jo:s3cret')], (q, r) => redirect(`http://${around.store.host}/`)(q, r)),
    ];
    around.store.answers = [status(401, { 'www-authenticate': 'Basic realm="evil"' })];
    const source = await open({
      auths: { [around.server.host]: auth('jo:s3cret'), [around.store.host]: auth('jo:s3cret') },
    });
    await expect(blobOf(source)).rejects.toMatchObject({ code: 'forbidden' });
    for (const { headers } of around.store.requests) expect(headers.authorization).toBeUndefined();
  });

  test('of a registry are not for its mirror', async () => {
    around.server.answers = [guarded('Basic realm="r"', [basic('jo:s3cret')], theManifest)];
    around.store.answers = [status(401, { 'www-authenticate': 'Basic realm="r"' })];
    const mirrors = [`${around.server.host}=http://${around.store.host}`];
    const source = await open({ auths: { [around.server.host]: auth('jo:s3cret') }, mirrors });
    await source.manifest('1.0');
    for (const { headers } of around.store.requests) expect(headers.authorization).toBeUndefined();
  });

  test('never stand in an error', async () => {
    const signed = `http://${around.store.host}/t0ken/x?sig=s1gned`;
    const auths = { [around.server.host]: auth('jo:s3cret') };
    const mirrors = [`other.invalid=http://jo:s3cret@${around.server.host}`];
    const let_in = (then: Answer) => guarded('Basic realm="r"', [basic('jo:s3cret')], then);
    const cases: readonly (readonly [Answer, Answer])[] = [
      [let_in(redirect(signed)), status(500, {}, 's3cret')],
      [let_in(redirect(signed)), status(404, {}, '{"errors":[{"code":"X","message":"s3cret"}]}')],
      [let_in(redirect(signed)), (_, response) => response.destroy()],
      [let_in(redirect(signed)), status(200, { 'content-length': '5' }, 'short')],
      [let_in(redirect('http://t0ken.invalid:1/?sig=s1gned'.replace('t0ken', 'x'))), whole],
      [status(401, { 'www-authenticate': 'Basic realm="s3cret"' }), whole],
      [guarded(bearerAt(around.store.host), [], whole), json({ token: 't0ken\n' })],
      [guarded(bearerAt(around.store.host), [], whole), json({ token: 't0ken' })],
      [guarded(bearerAt(`${around.store.host}/?t0ken`), [], whole), status(400)],
      [status(401, { 'www-authenticate': 's3cret' }), whole],
      [(_, response) => response.destroy(), whole],
    ];
    for (const [answer, other] of cases) {
      for (const name of [`${around.server.host}/team/app`, 'other.invalid/team/app']) {
        around.server.answers = [answer];
        around.store.answers = [other];
        const source = await open({ name, auths, mirrors, patience: { ...patience, attempts: 2 } });
        const failure = await blobOf(source).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(SourceError);
        for (let error: unknown = failure; error instanceof Error; error = error.cause) {
          const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error)}`;
          expect(shown).not.toMatch(SECRETS);
        }
      }
    }
  });
});
