import { describe, expect, test } from 'vitest';
import { sha256 } from '../../model/digest.js';
import { SourceError } from '../error.js';
import {
  type Answer,
  blobOf,
  body,
  broken,
  digest,
  flood,
  gather,
  halfSilent,
  impatience,
  MANIFEST,
  manifest,
  mediaType,
  never,
  type OpenOptions,
  openIn,
  patience,
  pieces,
  ranged,
  redirect,
  silent,
  status,
  theManifest,
  useServers,
  whole,
} from './registry.fixture.js';

const around = useServers();
const open = (options?: OpenOptions) => openIn(around, options);

describe('manifest()', () => {
  test('gives the bytes as they are, with their media type, and asks for all kinds', async () => {
    around.server.answers = [
      status(200, { 'content-type': `${mediaType.toUpperCase()}; charset=utf-8` }, manifest.toString()),
    ];
    expect(await (await open()).manifest('1.0')).toEqual({ bytes: manifest, mediaType });
    expect(around.server.requests.map(({ url }) => url)).toEqual([MANIFEST]);
    expect(around.server.requests[0]?.headers.accept).toMatch(
      /oci\.image\.index.*manifest\.list.*oci\.image\.manifest.*manifest\.v2/,
    );
    expect(around.server.requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(around.server.requests[0]?.headers.authorization).toBeUndefined();
  });

  test.each<[string, string, Answer, number]>([
    ['not-found', 'no such tag', status(404), 2],
    ['forbidden', 'no access', status(403), 1],
    ['unsupported', 'a login that is not offered', status(401), 1],
    ['rate-limited', 'a registry that has had enough', status(429), 4],
    ['rate-limited', 'one that has had enough for an hour', status(429, { 'retry-after': '3600' }), 1],
    ['bad-answer', 'a registry with a problem', status(503), 4],
    ['bad-answer', 'a status without a manifest', status(204), 1],
    ['too-large', 'a huge manifest, announced', status(200, { 'content-length': '9000000000' }), 1],
    ['too-large', 'a huge manifest', (_, response) => flood(response), 1],
    ['unreachable', 'connections that always break', (_, response) => response.destroy(), 4],
    ['bad-answer', 'redirects without end', (request, response) => redirect(`${request.url}x`)(request, response), 9],
    ['bad-answer', 'a redirect to nowhere', status(302), 1],
    ['bad-answer', 'a redirect to a file', redirect('file:///etc/passwd'), 1],
    ['bad-answer', 'a redirect out of TLS and off this machine', redirect('http://r.invalid/'), 1],
    ['digest-mismatch', 'other bytes than it says', status(200, { 'docker-content-digest': digest }), 1],
  ])('throws %s for %s', async (code, _, answer, count) => {
    around.server.answers = [answer];
    const asking = (await open()).manifest('1.0');
    await expect(asking).rejects.toBeInstanceOf(SourceError);
    await expect(asking).rejects.toMatchObject({ code, message: expect.stringMatching(/^Cannot \w+ .*: /) });
    expect(around.server.requests).toHaveLength(count);
  });

  test('throws timeout for a registry that never answers, and for one that never ends', async () => {
    for (const answer of [silent, halfSilent]) {
      around.server.answers = [answer];
      const source = await open({ patience: { ...impatience, attempts: 2 } });
      await expect(source.manifest('1.0')).rejects.toMatchObject({ code: 'timeout' });
    }
  });

  test.each<[string, Answer[]]>([
    ['has a problem for a while', [status(503), status(502), theManifest]],
    ['wants us to wait', [status(429, { 'retry-after': '0' }), theManifest]],
    ['breaks the connection', [(_, response) => response.destroy(), theManifest]],
  ])('gets it in the end from a registry that %s', async (_, answers) => {
    around.server.answers = [...answers];
    expect((await (await open()).manifest('1.0')).bytes).toEqual(manifest);
    expect(around.server.requests).toHaveLength(answers.length);
  });

  test('waits as long as it is asked to', async () => {
    around.server.answers = [status(429, { 'retry-after': '1' }), theManifest];
    const before = performance.now();
    await (await open()).manifest('1.0');
    expect(performance.now() - before).toBeGreaterThan(990);
  });

  test('checks a digest that it is asked for', async () => {
    const source = await open();
    expect((await source.manifest(sha256(manifest))).bytes).toEqual(manifest);
    await expect(source.manifest(digest)).rejects.toMatchObject({ code: 'digest-mismatch', context: { want: digest } });
  });

  test.each(['../x', 'a/b', '', 'a?b', 'sha512:00', 'a b'])('asks nobody for the reference %j', async (reference) => {
    await expect((await open()).manifest(reference)).rejects.toMatchObject({ code: 'bad-reference' });
    expect(around.server.requests).toHaveLength(0);
  });

  test('throws the reason of an abort at once', async () => {
    around.server.answers = [silent];
    const source = await open({ signal: AbortSignal.timeout(50) });
    await expect(source.manifest('1.0')).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('says that the host is not known, once', async () => {
    const source = await open({ name: 'registry.invalid/a', patience: { ...patience, attempts: 1 } });
    await expect(source.manifest('1.0')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^Cannot fetch https:\/\/registry\.invalid\/: its host name/),
    });
  });
});

describe('digestOf()', () => {
  test('asks for the head alone', async () => {
    around.server.answers = [status(200, { 'docker-content-digest': digest }, '')];
    expect(await (await open()).digestOf('1.0')).toBe(digest);
    expect(around.server.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });

  test('reads the manifest where the registry does not say', async () => {
    expect(await (await open()).digestOf('1.0')).toBe(sha256(manifest));
    expect(around.server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });
});

describe('blob()', () => {
  test.each<[string, Answer[]]>([
    ['a registry that gives it at once', [whole]],
    ['a connection that breaks, to a server that can go on', [broken(200_000), ranged]],
    ['a connection that breaks, to one that cannot', [broken(200_000), whole]],
    ['connections that break again and again', [broken(100_000), broken(300_000), broken(10), ranged]],
    ['a server with a problem after the beginning', [broken(200_000), status(503), ranged]],
    ['a server that falls silent', [halfSilent, ranged]],
    [
      'a store that refuses a signed address once',
      [(_, r) => redirect(`http://${around.store.host}/old`)(_, r), whole],
    ],
  ])('gets it from %s', async (name, answers) => {
    around.server.answers = [...answers];
    around.store.answers = [status(403)];
    const source = await open(name.endsWith('silent') ? { patience: impatience } : {});
    expect(await blobOf(source)).toEqual(body);
    expect(around.server.requests.length).toBeGreaterThanOrEqual(answers.length);
  });

  test('goes on where the connection broke, and begins where it is asked to', async () => {
    around.server.answers = [broken(200_000), ranged];
    const source = await open();
    await blobOf(source);
    expect(around.server.requests[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    around.server.answers = [ranged];
    expect(await blobOf(source, 1234)).toEqual(body.subarray(1234));
    expect(around.server.requests[2]?.headers.range).toBe('bytes=1234-');
    expect(await blobOf(source, body.length)).toHaveLength(0);
    expect(around.server.requests).toHaveLength(3);
  });

  test.each<[string, string, Answer, number]>([
    ['not-found', 'no such blob', status(404), 1],
    ['size-mismatch', 'another size', (_, response) => response.end(body.subarray(1)), 1],
    ['size-mismatch', 'more bytes, unannounced', pieces(body, 'more'), 1],
    ['unreachable', 'fewer bytes, unannounced', pieces(body.subarray(0, 5)), 4],
    ['bad-answer', 'a part that was not asked for', status(206, { 'content-range': 'bytes 5-9/500000' }), 1],
    ['unreachable', 'connections that always break', broken(0), 4],
  ])('throws %s for %s', async (code, _, answer, count) => {
    around.server.answers = [answer];
    await expect(blobOf(await open())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/^Cannot fetch /),
    });
    expect(around.server.requests).toHaveLength(count);
  });

  test('takes bytes as they are, whatever the server says that they are', async () => {
    around.server.answers = [status(200, { 'content-encoding': 'gzip' }, 'these are')];
    const source = await open();
    const named = source.blob(sha256('these are'), { sizeBytes: 9, signal: never });
    expect((await gather(named)).toString()).toBe('these are');
  });

  test('throws the reason of an abort at once, and can be left at any time', async () => {
    around.server.answers = [halfSilent];
    const source = await open();
    await expect(blobOf(source, 0, AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
    for await (const chunk of source.blob(digest, { sizeBytes: body.length, signal: never })) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
  });
});
