import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import { afterAll, beforeAll, test } from 'vitest';
import { tarEnd, tarHeader, tarPadding } from '../../provider/src/format/tar-writer.js';
import { sha256 } from '../../provider/src/model/digest.js';
import { silent } from '../../provider/src/model/progress.js';
import { RegistryClient } from '../../provider/src/source/registry/client.js';
import { open, type ResolveOptions, resolve } from '../../provider/src/source/transport.js';
import { Store } from '../../provider/src/store/store.js';
import { type RegistryServer, startRegistry } from '../conformance/registry-server.js';
import { median, pairs } from './measure.js';
import { record, rowOf } from './row.js';

const LAYERS = 4;
/** As many as openLayers() has under way. */
const IN_FLIGHT = 3;
const PAIRS = 3;
const OCI = 'application/vnd.oci.image';

let folder: string;
let registry: RegistryServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-bench-'));
  registry = await startRegistry({ folder });
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

test('pull', async () => {
  const layers = await push();
  const ours = new Watch();
  const reference = new Watch();
  const measured = await pairs(PAIRS, {
    ours: () => ours.secondsFor(pull),
    reference: () => reference.secondsFor(() => fetchAndUnpack(layers.map(({ digest }) => digest))),
  });
  const megabytes = Math.round(layers.reduce((sum, { size }) => sum + size, 0) / 1e6);
  const least = `HTTP, SHA-256 and gunzip alone (CPU: ${reference.cpuSeconds.toFixed(2)})`;
  const row = rowOf(`cold pull of ${LAYERS} layers, ${megabytes} MB`, measured, { reference: least });
  record({ ...row, cpuSeconds: ours.cpuSeconds });
});

/** Into a new store: fetched, compared with its digests, unpacked, indexed, and safely on disk. */
async function pull(): Promise<void> {
  const store = await Store.open(join(folder, 'store'));
  const client = await RegistryClient.open({ environment: {}, insecure: [registry.host] });
  const reference = `${registry.host}/bench:1`;
  const options: ResolveOptions = {
    ...{ store, platform: 'linux/amd64', suite: 'trixie', offline: false, directory: folder, keep: [] },
    ...{ now: () => new Date(), signal: new AbortController().signal, progress: silent },
    mirrors: () => Promise.reject(new Error('no mirror is needed')),
    registries: async () => client,
  };
  try {
    await open(await resolve(reference, 'root', options), 'root', { ...options, reference });
  } finally {
    await client.close();
    await store.close();
    await rm(join(folder, 'store'), { recursive: true });
  }
}

/** What bounds every pull: the registry, and decompression. */
async function fetchAndUnpack(digests: readonly string[]): Promise<void> {
  const waiting = [...digests];
  const fetchNext = async (): Promise<void> => {
    for (let digest = waiting.shift(); digest !== undefined; digest = waiting.shift()) {
      const hash = createHash('sha256');
      const { body } = await fetch(`http://${registry.host}/v2/bench/blobs/${digest}`);
      const hashed = async function* (): AsyncGenerator<Uint8Array> {
        for await (const chunk of body ?? []) {
          hash.update(chunk);
          yield chunk;
        }
      };
      await pipeline(hashed, createGunzip(), async (unpacked) => {
        for await (const _ of unpacked);
      });
      if (`sha256:${hash.digest('hex')}` !== digest) throw new Error(`${digest} is damaged`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, fetchNext));
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** An image whose layers are each this Node, as one file. */
async function push(): Promise<Descriptor[]> {
  const program = await readFile(process.execPath);
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (let index = 0; index < LAYERS; index++) {
    const about = { path: Buffer.from(`bin/node${index}`), mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 0 };
    const header = tarHeader({ ...about, type: 'file', sizeBytes: program.length });
    const tar = Buffer.concat([header, program, tarPadding(program.length), tarEnd()]);
    diffIds.push(sha256(tar));
    layers.push(await upload(`${OCI}.layer.v1.tar+gzip`, await promisify(gzip)(tar, { level: 4 })));
  }
  const platform = { architecture: 'amd64', os: 'linux' };
  const configuration = { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
  const config = await upload(`${OCI}.config.v1+json`, Buffer.from(JSON.stringify(configuration)));
  const manifest = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers };
  await put(new URL(`http://${registry.host}/v2/bench/manifests/1`), manifest.mediaType, JSON.stringify(manifest));
  return layers;
}

async function upload(mediaType: string, bytes: Buffer<ArrayBuffer>): Promise<Descriptor> {
  const begun = await fetch(`http://${registry.host}/v2/bench/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', begun.url);
  const digest = sha256(bytes);
  place.searchParams.set('digest', digest);
  await put(place, 'application/octet-stream', bytes);
  return { mediaType, digest, size: bytes.length };
}

async function put(url: URL, type: string, body: Buffer<ArrayBuffer> | string): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body });
  if (!answer.ok) throw new Error(`${url.pathname}: HTTP status ${answer.status}`);
}

/** Times work of this process. */
class Watch {
  readonly #cpu: number[] = [];

  /** Of all threads, the median of all runs. */
  get cpuSeconds(): number {
    return median(this.#cpu);
  }

  async secondsFor(work: () => Promise<void>): Promise<number> {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    this.#cpu.push((user + system) / 1e6);
    return (performance.now() - start) / 1000;
  }
}
