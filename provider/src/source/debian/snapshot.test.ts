import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import { Store } from '../../store/store.js';
import { KEPT } from '../kept-connections.fixture.js';
import { fetchPackage } from './fetch.js';
import { snapshotAddresses } from './snapshot.js';

const body = Buffer.from('a package');
const pinned: PinnedPackage = {
  ...{ name: 'crun', version: '1.20-1', architecture: 'amd64', archive: 'main' },
  ...{ digest: sha256(body), sizeBytes: body.length, path: 'pool/main/c/crun/crun_1.20-1_amd64.deb' },
};

describe('a package that the mirror has dropped', () => {
  let folder: string;
  let store: Store;
  let server: Server;
  let address: string;
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-snapshot-'));
    store = await Store.open(join(folder, 'store'));
    files.clear();
    requests.length = 0;
    server = createServer(KEPT, (request, response) => {
      requests.push(request.url ?? '');
      const file = files.get(request.url ?? '');
      if (file === undefined) response.writeHead(404).end();
      else response.end(file);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const fetching = (snapshot?: { template: string; lockedAt: string[] }, from = store) =>
    fetchPackage(pinned, {
      ...{ store: from, signal: new AbortController().signal, progress: () => undefined },
      patience: { attempts: 1, firstDelayMs: 1, stallMs: 200_000 },
      mirrors: async () => ({
        ...{ main: `${address}/debian`, security: `${address}/debian-security` },
        ...(snapshot ? { snapshot: { address: `${address}${snapshot.template}`, lockedAt: snapshot.lockedAt } } : {}),
      }),
    });

  test('is taken from the cache, and from caches that are shared, before anybody is asked', async () => {
    const shared = await Store.open(join(folder, 'shared'));
    await shared.put(body, { signal: new AbortController().signal });
    await shared.close();
    await using mine = await Store.open(join(folder, 'mine'), { shared: [join(folder, 'shared')] });
    await fetching(undefined, mine);
    expect(requests).toEqual([]);
  });

  test('is found in the snapshot archive, at the time when it was pinned', async () => {
    files.set(`/debian/${pinned.path}`, body);
    await fetching();
    await rm(store.pathOf(pinned.digest));
    files.delete(`/debian/${pinned.path}`);
    files.set(`/snap/debian/20261103T100000Z/${pinned.path}`, body);
    requests.length = 0;
    const lockedAt = ['2026-11-02T10:00:00Z', '2026-11-20T10:00:00Z', '2026-11-02T10:00:00Z'];
    await fetching({ template: '/snap/{archive}/{time}/', lockedAt });
    expect(await store.has(pinned.digest)).toBe(true);
    expect(requests.map((path) => path.replace(`/${pinned.path}`, ''))).toEqual([
      '/debian',
      '/snap/debian/20261121T100000Z',
      '/snap/debian/20261120T100000Z',
      '/snap/debian/20261103T100000Z',
    ]);
  });

  test('is not believed to be another file of its name', async () => {
    files.set(`/old/${pinned.path}`, Buffer.from('something'));
    await expect(fetching({ template: '/old', lockedAt: [] })).rejects.toMatchObject({ code: 'digest-mismatch' });
  });

  test('is named, with what moves its pin, where nobody has it', async () => {
    await expect(fetching()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(
        /^Cannot fetch crun 1\.20-1: .*is there no more.*`ingot lock --update crun`.*INGOT_DEBIAN_SNAPSHOT/,
      ),
    });
    const snapshot = { template: '/snap/{time}', lockedAt: ['2026-11-02T10:00:00Z'] };
    await expect(fetching(snapshot)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/neither the mirror nor the snapshot archive has it.*`ingot lock --update crun`/),
    });
  });
});

describe('snapshotAddresses()', () => {
  test('has none where a time is wanted and none is known', () => {
    expect(snapshotAddresses({ address: 'http://a.example/{time}', lockedAt: [] }, 'debian')).toEqual([]);
    expect(snapshotAddresses({ address: 'http://a.example/{archive}/', lockedAt: [] }, 'debian')).toEqual([
      'http://a.example/debian',
    ]);
  });

  test('asks for a bounded number of moments', () => {
    const lockedAt = Array.from({ length: 100 }, (_, day) => new Date(Date.UTC(2026, 0, day)).toISOString());
    expect(snapshotAddresses({ address: 'http://a.example/{time}', lockedAt }, 'debian')).toHaveLength(32);
  });

  test('refuses what is no address', () => {
    expect(() => snapshotAddresses({ address: 'ftp://a/', lockedAt: [] }, 'debian')).toThrow(/debian\.snapshot/);
  });
});
