import { writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RegistryClient } from './client.js';
import {
  type Answer,
  BLOB,
  basic,
  blobOf,
  body,
  broken,
  guarded,
  MANIFEST,
  manifest,
  type OpenOptions,
  openIn,
  patience,
  ranged,
  silent,
  status,
  theManifest,
  useServers,
  whole,
} from './registry.fixture.js';

const around = useServers();
const open = (options?: OpenOptions) => openIn(around, options);

describe('a mirror', () => {
  const mirrors = () => [`${around.server.host}=http://${around.store.host}/cache/`];

  test('is asked first, under its own path', async () => {
    around.store.answers = [theManifest];
    expect((await (await open({ mirrors: mirrors() })).manifest('1.0')).bytes).toEqual(manifest);
    expect(around.store.requests.map(({ url }) => url)).toEqual([`/cache${MANIFEST}`]);
    expect(around.server.requests).toHaveLength(0);
  });

  test('may have its images under a path of the API', async () => {
    around.store.answers = [theManifest];
    await (await open({ mirrors: [`http://${around.store.host}/v2/hub`] })).manifest('1.0');
    expect(around.store.requests.map(({ url }) => url)).toEqual(['/v2/hub/team/app/manifests/1.0']);
  });

  test.each<[string, Answer]>([
    ['does not have it', status(404)],
    ['refuses', status(403)],
    ['has a problem', status(500)],
    ['is gone', (_, response) => response.destroy()],
    ['has something else', status(200, { 'content-length': '7' }, 'another')],
  ])('that %s is no obstacle', async (_, answer) => {
    around.store.answers = [answer];
    around.server.byPath.set(BLOB, whole);
    expect(await blobOf(await open({ mirrors: mirrors() }))).toEqual(body);
  });

  test('that breaks off is gone on from, at the registry', async () => {
    around.store.answers = [broken(200_000), status(404)];
    around.server.byPath.set(BLOB, ranged);
    expect(await blobOf(await open({ mirrors: mirrors() }))).toEqual(body);
    expect(around.server.requests[0]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test('says in the error what was wrong with it', async () => {
    around.store.answers = [status(403)];
    around.server.answers = [status(404)];
    await expect((await open({ mirrors: mirrors() })).manifest('1.0')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/before that, its mirrors: Cannot fetch .*refuses access/),
    });
  });

  test('gets the credentials of its address', async () => {
    around.store.answers = [guarded('Basic realm="r"', [basic('jo@x:s3cret')], theManifest)];
    const source = await open({ mirrors: [`${around.server.host}=http://jo%40x:s3cret@${around.store.host}`] });
    expect((await source.manifest('1.0')).bytes).toEqual(manifest);
    expect(around.server.requests).toHaveLength(0);
  });
});

describe('a proxy', () => {
  const environment = () => ({
    HTTP_PROXY: `http://jo:s3cret@${around.store.host}`,
    HTTPS_PROXY: `http://jo:s3cret@${around.store.host}`,
  });

  test('is asked for a registry without TLS', async () => {
    around.store.answers = [
      (request, response) => {
        // Whatever host it is asked for is our server.
        const { pathname } = new URL(request.url ?? '');
        const { host: _, ...headers } = request.headers;
        const [hostname = '', port] = around.server.host.split(':');
        httpRequest({ hostname, port, path: pathname, headers }, (answer) => answer.pipe(response)).end();
      },
    ];
    const source = await open({ name: 'r.invalid/team/app', insecure: ['r.invalid'], environment: environment() });
    expect((await source.manifest('1.0')).bytes).toEqual(manifest);
    expect(around.store.requests[0]?.url).toBe(`http://r.invalid${MANIFEST}`);
    expect(around.store.requests[0]?.headers['proxy-authorization']).toBe(basic('jo:s3cret'));
  });

  test('makes a tunnel to one with TLS', async () => {
    const asked: string[] = [];
    const sockets: Socket[] = [];
    around.store.http.on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const [hostname = '', port] = around.server.host.split(':');
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      sockets.push(socket as Socket, onward);
      for (const end of [socket, onward]) end.on('error', () => undefined);
    });
    const source = await open({
      name: 'r.invalid/team/app',
      environment: environment(),
      patience: { ...patience, attempts: 1 },
    });
    // Our server speaks no TLS; that much comes back through the tunnel.
    await expect(source.manifest('1.0')).rejects.toMatchObject({ message: expect.stringContaining('TLS') });
    expect(asked[0]).toBe(`r.invalid:443 ${basic('jo:s3cret')}`);
    for (const socket of sockets) socket.destroy();
  });

  test('is not asked for this machine, nor for what is excepted', async () => {
    await (await open({ environment: environment() })).manifest('1.0');
    const source = await open({
      name: 'r.invalid/a',
      environment: { ...environment(), NO_PROXY: '.invalid' },
      patience: { ...patience, attempts: 1 },
    });
    await expect(source.manifest('1.0')).rejects.toMatchObject({ code: 'unreachable' });
    expect(around.store.requests).toHaveLength(0);
  });
});

describe('RegistryClient', () => {
  test('finds out that a registry on this machine speaks no TLS', async () => {
    const source = await open({ insecure: [] });
    expect((await source.manifest('1.0')).bytes).toEqual(manifest);
    expect(around.server.requests.map(({ url }) => url)).toEqual([MANIFEST]);
  });

  test('refuses a file of authorities that is none', async () => {
    const caFile = join(around.folder, 'ca.pem');
    const opening = () => RegistryClient.open({ caFile, environment: {} });
    await expect(opening()).rejects.toMatchObject({ code: 'unreadable' });
    await writeFile(caFile, 'nothing');
    await expect(opening()).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('no certificate'),
    });
    await writeFile(caFile, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    await expect(opening()).rejects.toMatchObject({ code: 'unreadable' });
  });

  test('ends what is under way when it is closed', async () => {
    around.server.answers = [silent];
    const source = await open();
    const asking = source.manifest('1.0').catch((error: unknown) => error);
    while (around.server.requests.length === 0) await new Promise((later) => setTimeout(later, 5));
    await around.clients[0]?.close();
    expect(await asking).toBeInstanceOf(Error);
  });
});
