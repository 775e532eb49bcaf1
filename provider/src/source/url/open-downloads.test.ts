import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tarEnd, tarHeader, tarPadding } from '../../format/tar-writer.js';
import type { Digest } from '../../model/digest.js';
import type { LockedDownload } from '../../model/lock.js';
import { silent } from '../../model/progress.js';
import { Store } from '../../store/store.js';
import { KEPT } from '../kept-connections.fixture.js';
import { openDownloads } from './open-downloads.js';

const DATA = Buffer.from('x'.repeat(300_000));

let folder: string;
let store: Store;
let server: Server;
let answer: RequestListener;
let requests: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-downloads-'));
  store = await Store.open(join(folder, 'store'));
  requests = [];
  server = createServer(KEPT, (request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  await store.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true, force: true });
});

function digestOf(data: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** What a plain server of files does. */
function serve(data: Buffer): RequestListener {
  return (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (first === undefined) {
      response.writeHead(200, { 'content-length': data.length }).end(data);
      return;
    }
    const end = last === '' ? data.length - 1 : Math.min(Number(last), data.length - 1);
    const part = data.subarray(Number(first), end + 1);
    const range = `bytes ${first}-${end}/${data.length}`;
    response.writeHead(206, { 'content-length': part.length, 'content-range': range }).end(part);
  };
}

function open(download: LockedDownload, options: { offline?: boolean; path?: string } = {}) {
  const { port } = server.address() as AddressInfo;
  return openDownloads(
    { 3: download },
    {
      store,
      sources: { 3: `http://127.0.0.1:${port}${options.path ?? '/file?token=secret'}` },
      environment: {},
      offline: options.offline === true,
      signal: new AbortController().signal,
      progress: silent,
      patience: { attempts: 3, firstDelayMs: 1, stallMs: 200_000 },
    },
  );
}

function tar(): Buffer {
  const body = Buffer.from('#!/bin/sh\n');
  const head = tarHeader({
    ...{
      path: Buffer.from('bin/tool'),
      type: 'file',
      mode: 0o755,
      uid: 5,
      gid: 5,
      mtimeSeconds: 1,
      sizeBytes: body.length,
    },
  });
  return Buffer.concat([head, body, tarPadding(body.length), tarEnd()]);
}

describe('openDownloads()', () => {
  test('fetches a file once, and never when the store has it', async () => {
    answer = serve(DATA);
    const digest = digestOf(DATA);
    const { files, archives } = await open({ digest });
    expect(files.get(3)).toEqual({ blob: digest, offset: 0, sizeBytes: DATA.length, sha256: digest });
    expect(archives.size).toBe(0);
    const asked = requests.length;
    expect((await open({ digest }, { offline: true })).files.get(3)).toMatchObject({ sizeBytes: DATA.length });
    expect(requests).toHaveLength(asked);
  });

  test('goes on where a transfer broke', async () => {
    let breaks = 2;
    const whole = serve(DATA);
    answer = (request, response) => {
      if (request.headers.range === 'bytes=0-0' || breaks-- <= 0) return whole(request, response);
      const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
      const range = from > 0 ? { 'content-range': `bytes ${from}-${DATA.length - 1}/${DATA.length}` } : {};
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': DATA.length - from, ...range });
      response.write(DATA.subarray(from, from + 100_000), () => response.destroy());
    };
    expect((await open({ digest: digestOf(DATA) })).files.get(3)).toBeDefined();
    expect(requests.filter((one) => /bytes=[1-9]\d*-$/.test(one)).length).toBeGreaterThan(0);
  });

  test('takes a file of which the server says no size, and an empty one', async () => {
    answer = (_request, response) => {
      response.writeHead(200);
      response.write(DATA.subarray(0, 10));
      response.end(DATA.subarray(10));
    };
    expect((await open({ digest: digestOf(DATA) })).files.get(3)).toMatchObject({ sizeBytes: DATA.length });
    const other = Buffer.from('says its size only when it is asked for all of it');
    answer = (request, response) => {
      if (request.headers.range === undefined) response.writeHead(200, { 'content-length': other.length }).end(other);
      else response.writeHead(206, { 'content-range': 'bytes 0-0/*' }).end(other.subarray(0, 1));
    };
    expect((await open({ digest: digestOf(other) })).files.get(3)).toMatchObject({ sizeBytes: other.length });
    answer = serve(Buffer.alloc(0));
    const empty = digestOf(Buffer.alloc(0));
    expect((await open({ digest: empty })).files.get(3)).toMatchObject({ sizeBytes: 0 });
  });

  test('follows redirects', async () => {
    const whole = serve(DATA);
    answer = (request, response) => {
      if (request.url === '/other') whole(request, response);
      else response.writeHead(302, { location: '/other' }).end();
    };
    expect((await open({ digest: digestOf(DATA) })).files.get(3)).toBeDefined();
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['nothing', (data: Buffer) => data],
  ])('unpacks an archive that is compressed with %s, once', async (_name, compress) => {
    const data = Buffer.from(compress(tar()));
    answer = serve(data);
    const download = { digest: digestOf(data), unpack: true } as const;
    const { archives } = await open(download);
    expect(archives.get(3)?.entries).toMatchObject([{ path: 'bin/tool', mode: 0o755, uid: 5 }]);
    expect((await open(download, { offline: true })).archives.get(3)).toEqual(archives.get(3));
  });

  test.each<[string, RequestListener, string, RegExp]>([
    ['another digest', serve(Buffer.from('other')), 'digest-mismatch', /its digest is sha256:[0-9a-f]{64}; sha256:/],
    ['status 404', (_, response) => response.writeHead(404).end(), 'not-found', /the server has no such file/],
    ['status 403', (_, response) => response.writeHead(403).end(), 'forbidden', /the server refuses access/],
    ['status 503', (_, response) => response.writeHead(503).end(), 'bad-answer', /the server has a problem/],
    [
      'no end of redirects',
      (_, response) => response.writeHead(302, { location: '/' }).end(),
      'bad-answer',
      /redirects/,
    ],
    ['a broken connection', (request) => request.socket.destroy(), 'unreachable', /the connection broke/],
  ])('refuses %s, with its place, and without the query of the address', async (_name, listener, code, message) => {
    answer = listener;
    const failure = await open({ digest: digestOf(DATA) }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(failure).toMatchObject({ context: { property: 'files[3].source' } });
    expect(String(failure?.message)).not.toContain('secret');
    expect(await readdir(join(folder, 'store'), { recursive: true })).not.toContain(digestOf(DATA));
  });

  test('refuses what is no archive, and damaged ones', async () => {
    answer = serve(DATA);
    await expect(open({ digest: digestOf(DATA), unpack: true })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringMatching(/^Cannot unpack files\[3\]\.source: .*; wanted a tar archive/),
      context: { property: 'files[3].source' },
    });
    const damaged = gzipSync(tar()).subarray(0, 60);
    answer = serve(damaged);
    await expect(open({ digest: digestOf(damaged), unpack: true })).rejects.toMatchObject({ code: 'malformed' });
  });

  test('asks nobody where it is to work offline', async () => {
    await expect(open({ digest: digestOf(DATA) }, { offline: true })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/it is not in the cache, and Ingot is set to work offline/),
    });
    expect(requests).toEqual([]);
  });
});
