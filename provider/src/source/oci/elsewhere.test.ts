import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Store } from '../../store/store.js';
import { KEPT } from '../kept-connections.fixture.js';
import { RegistryClient } from '../registry/client.js';
import { open, type ResolveOptions, resolve } from '../transport.js';
import { FixtureBlobs, writeLayout } from './image.fixture.js';

const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
/** RFC 1952 section 2.3, MTIME: changes nothing that is unpacked. */
const MTIME = 4;
const TEXT = 'far away\n';

let folder: string;
let store: Store;
let client: RegistryClient;
let server: Server;
let requests: IncomingMessage[];
/** What the server has under `/layer`. */
let body: Buffer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-elsewhere-'));
  store = await Store.open(join(folder, 'cache'));
  client = await RegistryClient.open({ environment: {} });
  requests = [];
  server = createServer(KEPT, (request, response) => {
    requests.push(request);
    if (request.url === '/moved') response.writeHead(302, { location: '/layer' }).end();
    else if (request.url === '/layer') response.end(body);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

const options = (offline = false): ResolveOptions => ({
  store,
  platform: 'linux/amd64',
  suite: 'trixie',
  mirrors: () => Promise.reject(new Error('no mirror is needed')),
  registries: async () => client,
  offline,
  directory: folder,
  now: () => new Date(0),
  signal: new AbortController().signal,
  progress: () => undefined,
  keep: [],
});

/** Pins and opens an image with one layer in its layout, and one at these addresses. */
async function opened(urls: readonly string[], { offline = false, change = (bytes: Buffer) => bytes } = {}) {
  const blobs = new FixtureBlobs();
  const image = blobs.addImage({
    layers: [{ files: { near: 'here\n' } }, { files: { far: TEXT }, mediaType: FOREIGN, urls }],
  });
  for (const bytes of blobs.elsewhere.values()) body = change(bytes);
  writeLayout(join(folder, 'images'), blobs, { web: image });
  const pin = await resolve('oci:images:web', 'root', options(offline));
  return open(pin, 'root', { ...options(offline), reference: 'oci:images:web' });
}

describe('withElsewhere()', () => {
  test('fetches layers that are not in the source from the first address that has them, with no credentials', async () => {
    const urls = ['ftp://127.0.0.1/layer', `${at('/secret').replace('//', '//me:secret@')}`, at('/gone'), at('/moved')];
    const { layers } = await opened(urls);
    expect(layers.map(({ entries }) => entries.map(({ path }) => path))).toEqual([['near'], ['far']]);
    const content = layers[1]?.entries[0]?.content;
    if (content) expect((await store.read(content)).toString()).toBe(TEXT);
    expect(requests.map(({ url }) => url)).toEqual(['/gone', '/moved', '/layer']);
    for (const { headers } of requests) expect(Object.keys(headers)).not.toContain('authorization');
  });

  test.each<[string, string, (bytes: Buffer) => Buffer]>([
    ['other bytes', 'digest-mismatch', (bytes) => Buffer.from(bytes).fill(1, MTIME, MTIME + 1)],
    ['too few', 'size-mismatch', (bytes) => bytes.subarray(1)],
    ['too many', 'size-mismatch', (bytes) => Buffer.concat([bytes, bytes])],
  ])('refuses %s than the manifest says', async (_, code, change) => {
    await expect(opened([at('/layer')], { change })).rejects.toMatchObject({ code });
  });

  test('says where it was looked for', async () => {
    await expect(opened([])).rejects.toThrow(/it has no blob/);
    await expect(opened([at('/gone')])).rejects.toThrow(
      /\/gone: the server has no such file.*before that: .*it has no blob/,
    );
  });

  test('asks nobody offline', async () => {
    await expect(opened([at('/layer')], { offline: true })).rejects.toThrow(/it has no blob/);
    expect(requests).toEqual([]);
  });
});
