import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../model/digest.js';
import { Store } from '../../store/store.js';
import { useInvalidNames } from '../invalid-names.fixture.js';
import { KEPT } from '../kept-connections.fixture.js';
import { Http } from '../registry/http.js';
import { fetchPackage } from './fetch.js';
import { requestText } from './release-request.js';

const body = Buffer.alloc(300_000, 'package');
const pinned = {
  ...{ name: 'crun', version: '1.21-1', architecture: 'amd64', archive: 'main', path: 'pool/crun.deb' },
  ...{ digest: sha256(body), sizeBytes: body.length },
};
const patience = { attempts: 2, firstDelayMs: 1, stallMs: 200_000 };

describe('mirrors behind a proxy', () => {
  useInvalidNames();
  let folder: string;
  let store: Store;
  let proxy: Server;
  let requests: IncomingMessage[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let http: Http;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-proxy-'));
    store = await Store.open(join(folder, 'store'));
    requests = [];
    proxy = createServer(KEPT, (request, response) => {
      requests.push(request);
      answer(request, response);
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    http = await Http.open({
      environment: { HTTP_PROXY: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, NO_PROXY: 'near.invalid' },
    });
  });
  afterEach(async () => {
    await http.close();
    proxy.closeAllConnections();
    await new Promise((done) => proxy.close(done));
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const { signal } = new AbortController();
  const fetching = (host: string) =>
    fetchPackage(pinned, {
      ...{ store, signal, patience, progress: () => undefined },
      mirrors: async () => ({ main: `http://${host}/debian`, security: `http://${host}/debian-security`, http }),
    });

  test('are asked through it, and what breaks goes on where it broke', async () => {
    answer = ({ headers }, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
      const range = `bytes ${from}-${body.length - 1}/${body.length}`;
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': body.length - from,
        ...(from > 0 ? { 'content-range': range } : {}),
      });
      if (requests.length > 1) response.end(body.subarray(from));
      else response.write(body.subarray(0, 100_000), () => response.destroy());
    };
    await fetching('user:secret@mirror.invalid');
    expect(await store.has(pinned.digest)).toBe(true);
    expect(requests.map(({ url }) => url)).toEqual(Array(2).fill('http://mirror.invalid/debian/pool/crun.deb'));
    expect(requests[1]?.headers.range).toMatch(/^bytes=[1-9]/);
    expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:secret').toString('base64')}`);
  });

  test('are told of by their own names, where they have no such file', async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(fetching('mirror.invalid')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('http://mirror.invalid/debian/pool/crun.deb'),
    });
  });

  test('are asked without it, where NO_PROXY names them', async () => {
    answer = (_, response) => response.end(body);
    await expect(fetching('near.invalid')).rejects.toMatchObject({ code: 'unreachable' });
    expect(requests).toEqual([]);
  });

  test('give releases through it, which redirects may lead elsewhere, without credentials', async () => {
    answer = ({ url = '', headers }, response) => {
      if (url.includes('mirror.invalid')) response.writeHead(302, { location: 'http://other.invalid/InRelease' }).end();
      else response.setHeader('etag', '"1"').end(`signed ${headers.authorization}`);
    };
    const url = new URL('http://user:secret@mirror.invalid/InRelease');
    const found = await requestText(url, { signal, maxBytes: 1000, http });
    expect(found).toEqual({ text: 'signed undefined', validators: { etag: '"1"' } });
  });
});
