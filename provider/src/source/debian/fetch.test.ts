import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256 } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import type { ProgressEvent } from '../../model/progress.js';
import { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { KEPT } from '../kept-connections.fixture.js';
import { type FetchOptions, fetchPackage } from './fetch.js';
import { NOBODY } from './resolve.fixture.js';

const body = Buffer.from(Array.from({ length: 500_000 }, (_, at) => (at * at) >> 3));
const pinned: PinnedPackage = {
  name: 'crun',
  version: '1.21-1',
  architecture: 'amd64',
  digest: sha256(body),
  sizeBytes: body.length,
  archive: 'main',
  path: 'pool/main/c/crun/crun_1.21-1+b~1_amd64.deb',
};
/** Servers that answer may take their time: the limit is against hanging alone. */
const patience = { attempts: 4, firstDelayMs: 1, stallMs: 200_000 };
/** For servers that are meant to be found silent. On a busy machine others seem so, too: some attempts are to spare. */
const impatience = { ...patience, attempts: 10, stallMs: 1000 };
const never = new AbortController().signal;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let store: Store;
let server: Server;
let requests: IncomingMessage[];
/** What the server answers, one after the other; the last one again and again. */
let answers: Answer[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-fetch-'));
  store = await Store.open(join(folder, 'store'));
  requests = [];
  answers = [whole];
  server = createServer(KEPT, (request, response) => {
    requests.push(request);
    (answers.length > 1 ? answers.shift() : answers[0])?.(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const port = () => (server.address() as AddressInfo).port;
const mirror = () => `http://127.0.0.1:${port()}/debian`;

function options(more: Partial<FetchOptions> & { readonly main?: string } = {}): FetchOptions {
  const main = more.main ?? mirror();
  return {
    store,
    mirrors: async () => ({ main, security: `${mirror()}-security` }),
    signal: never,
    progress: () => undefined,
    patience,
    ...more,
  };
}

const whole: Answer = (_, response) => response.end(body);
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(code, headers).end('an error page');
  };
/** Says how much comes, and breaks the connection before it did. */
const broken =
  (bytes: number): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, bytes), () => response.destroy());
  };
const ranged: Answer = (request, response) => {
  const [, first] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) return whole(request, response);
  const from = Number(first);
  response
    .writeHead(206, { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` })
    .end(body.subarray(from));
};
const silent: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': body.length });
  response.write(body.subarray(0, 1000));
};

const files = async () => {
  const all = await readdir(store.directory, { recursive: true, withFileTypes: true });
  // Who uses a store says so there, until it is closed.
  return all.filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/leases'));
};

describe('fetchPackage()', () => {
  test('stores what is pinned, from the mirror of its archive, and reports how far it is', async () => {
    const events: ProgressEvent[] = [];
    const range = await fetchPackage(pinned, options({ progress: (event) => events.push(event) }));
    expect(range).toEqual({ blob: pinned.digest, offset: 0, sizeBytes: body.length });
    expect(await store.read(range)).toEqual(body);
    expect(decodeURIComponent(requests[0]?.url ?? '')).toBe(`/debian/${pinned.path}`);
    expect(requests[0]?.headers['accept-encoding']).toBe('identity');
    expect(events[0]).toEqual({ step: 'fetching crun 1.21-1', done: 0, total: body.length });
    expect(events.at(-1)).toEqual({ step: 'fetching crun 1.21-1', done: body.length, total: body.length });

    await rm(store.pathOf(pinned.digest));
    await fetchPackage({ ...pinned, archive: 'security' }, options());
    expect(requests[1]?.url).toMatch(/^\/debian-security\/pool\//);
  });

  test('asks nobody for what the store has, and says what to do when it may not ask', async () => {
    const mirrors = async () => {
      throw new Error('asked');
    };
    await expect(fetchPackage(pinned, options({ offline: true, mirrors }))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^Cannot fetch crun 1\.21-1: .*offline/),
    });
    await store.put(body);
    await fetchPackage(pinned, options({ offline: true, mirrors }));
    expect(requests).toHaveLength(0);
  });

  test('reads a mirror in a local folder', async () => {
    const pool = join(folder, 'mirror with space', 'pool/main/c/crun');
    await mkdir(pool, { recursive: true });
    await writeFile(join(pool, 'crun_1.21-1+b~1_amd64.deb'), body);
    const main = pathToFileURL(join(folder, 'mirror with space')).href;
    const range = await fetchPackage(pinned, options({ main }));
    expect(await store.read(range)).toEqual(body);
    const other = { ...pinned, path: 'pool/x.deb', digest: sha256('other') };
    await expect(fetchPackage(other, options({ main }))).rejects.toMatchObject({ code: 'not-found' });
  });

  const troubles: readonly (readonly [string, readonly Answer[]])[] = [
    ['a server that has a problem for a while', [status(503), status(500), whole]],
    ['a server that wants us to wait', [status(429, { 'retry-after': '0' }), whole]],
    ['a connection that breaks at once', [(_, response) => response.destroy(), whole]],
    ['a connection that breaks, to a server that can go on', [broken(200_000), ranged]],
    ['a connection that breaks, to one that cannot', [broken(200_000), whole]],
    ['connections that break again and again', [broken(100_000), broken(300_000), broken(10), ranged]],
    ['a server that falls silent', [silent, ranged]],
    ['a server that never answers', [() => undefined, whole]],
  ];

  test.each(troubles)('gets it in the end from %s', async (name, some) => {
    answers = [...some];
    const range = await fetchPackage(pinned, options(/silent|never/.test(name) ? { patience: impatience } : {}));
    expect(await store.read(range)).toEqual(body);
    // On a machine that is busy enough, even an eager server may seem silent for a moment.
    expect(requests.length).toBeGreaterThanOrEqual(some.length);
  });

  test('goes on where the connection broke', async () => {
    answers = [broken(200_000), ranged];
    await fetchPackage(pinned, options());
    expect(requests[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  const lies: readonly (readonly [string, string, number, Answer])[] = [
    ['not-found', 'is there no more', 1, status(404)],
    ['forbidden', 'no access', 1, status(403)],
    ['forbidden', 'no access without a password', 1, status(401)],
    ['bad-answer', 'a status without a file', 1, status(204)],
    ['bad-answer', 'a server that has a problem for long', 4, status(502)],
    ['rate-limited', 'a server that has had enough', 4, status(429)],
    ['unreachable', 'connections that always break', 4, (_, response) => response.destroy()],
    ['timeout', 'a server that is always silent', 2, () => undefined],
    ['size-mismatch', 'another size in the header', 1, (_, response) => response.end(body.subarray(1))],
    [
      'size-mismatch',
      'more bytes than are pinned, unannounced',
      1,
      (_, response) => {
        response.write(body);
        response.end('more');
      },
    ],
    [
      'unreachable',
      'fewer bytes than are pinned, unannounced',
      4,
      (_, response) => {
        response.write(body.subarray(0, 5));
        response.end();
      },
    ],
    ['digest-mismatch', 'other bytes of the same size', 1, (_, response) => response.end(Buffer.alloc(body.length))],
  ];

  test.each(lies)(
    'throws %s for %s, after as many requests as make sense, and keeps nothing',
    async (code, _, count, answer) => {
      answers = [answer];
      // The server need not see a request that is given up.
      const asked = vi.spyOn(globalThis, 'fetch').mockClear();
      const fetching = fetchPackage(
        pinned,
        options(code === 'timeout' ? { patience: { ...impatience, attempts: 2 } } : {}),
      );
      await expect(fetching).rejects.toBeInstanceOf(SourceError);
      await expect(fetching).rejects.toMatchObject({ code, message: expect.stringMatching(/^Cannot fetch .*: /) });
      expect(asked).toHaveBeenCalledTimes(count);
      expect(await files()).toEqual([]);
    },
  );

  test('throws digest-mismatch when the file changed between two halves', async () => {
    answers = [broken(200_000), (_, response) => response.end(Buffer.alloc(body.length))];
    await expect(fetchPackage(pinned, options())).rejects.toMatchObject({
      code: 'digest-mismatch',
      context: { want: pinned.digest },
    });
  });

  test('throws bad-answer for another part than was asked for', async () => {
    answers = [
      broken(200_000),
      (_, response) =>
        response.writeHead(206, { 'content-range': `bytes 0-9/${body.length}` }).end(body.subarray(0, 10)),
    ];
    await expect(fetchPackage(pinned, options())).rejects.toMatchObject({ code: 'bad-answer' });
  });

  test('throws unreachable for a host that refuses, with the reason', async () => {
    await expect(fetchPackage(pinned, options({ main: NOBODY }))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('sends the credentials of an address, and never shows them', async () => {
    answers = [status(403)];
    const main = `http://jo%40x:s3cret@127.0.0.1:${port()}/debian?token=t0ken`;
    const error: unknown = await fetchPackage(pinned, options({ main })).catch((reason: unknown) => reason);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('jo@x:s3cret').toString('base64')}`);
    expect(requests[0]?.url).toMatch(/\?token=t0ken$/);
    answers = [(_, response) => response.destroy()];
    const other: unknown = await fetchPackage(pinned, options({ main })).catch((reason: unknown) => reason);
    for (const shown of [error, other]) {
      const { message, stack, context, cause } = shown as SourceError;
      const text = `${message} ${stack} ${JSON.stringify(context)} ${String(cause)} ${JSON.stringify(cause)}`;
      expect(text).toContain(`127.0.0.1:${port()}/debian/pool`);
      expect(text).not.toMatch(/s3cret|t0ken|jo@x|jo%40x/);
    }
  });

  test('sends a password with a % that begins no escape as it stands', async () => {
    answers = [status(403)];
    await fetchPackage(pinned, options({ main: `http://jo:50%off@127.0.0.1:${port()}/debian` })).catch(() => {});
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('jo:50%off').toString('base64')}`);
  });

  test('throws the reason of an abort at once, and keeps nothing', async () => {
    answers = [silent];
    const abort = new AbortController();
    const fetching = fetchPackage(
      pinned,
      options({ signal: abort.signal, patience: { ...patience, stallMs: 60_000 } }),
    );
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(fetching).rejects.toThrow('enough');
    expect(await files()).toEqual([]);
    answers = [status(503)];
    const waiting = fetchPackage(
      pinned,
      options({ signal: AbortSignal.timeout(50), patience: { ...patience, firstDelayMs: 60_000 } }),
    );
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test.each(['../x.deb', '/etc/passwd', 'pool/../../x', 'pool//x', 'pool/./x', '', 'pool\\x'])(
    'asks no mirror for a path that leads elsewhere: %j',
    async (path) => {
      await expect(fetchPackage({ ...pinned, path }, options())).rejects.toMatchObject({ code: 'malformed' });
      expect(requests).toHaveLength(0);
    },
  );

  test('throws too-large for a package beyond all bounds before anything is fetched', async () => {
    const huge = { ...pinned, sizeBytes: 5 * 2 ** 30 };
    await expect(fetchPackage(huge, options())).rejects.toMatchObject({ code: 'too-large' });
    expect(requests).toHaveLength(0);
  });
});
