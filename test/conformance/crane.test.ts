import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EncodedFile } from '../../provider/src/encode/context.js';
import { encodeDockerArchive } from '../../provider/src/encode/docker-archive.js';
import { encodeOci } from '../../provider/src/encode/oci-image.js';
import { MemoryStore } from '../../provider/src/encode/tree.fixture.js';
import { sha256 } from '../../provider/src/model/digest.js';
import { silent } from '../../provider/src/model/progress.js';
import { resolveImage } from '../../provider/src/source/oci/resolve.js';
import { RegistryClient } from '../../provider/src/source/registry/client.js';
import { parseImageName, referenceOf } from '../../provider/src/source/registry/image-name.js';
import { openRegistry } from '../../provider/src/source/registry/registry.js';
import { Store } from '../../provider/src/store/store.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { crane } from './crane.js';
import { readImage } from './image-root.js';
import { listFolder, run } from './oci-images.js';
import { LISTING, OPTIONS, TREE } from './output-tree.js';
import { makeImage } from './registry-images.js';
import { type RegistryServer, startRegistry } from './registry-server.js';

const program = crane() ?? '';
const missing =
  missingPrograms('docker-registry', 'skopeo', 'umoci') ??
  (program === '' ? 'no crane on this machine, and no Go to build it with' : undefined);
const never = new AbortController().signal;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

let folder: string;
let store: Store;
let registry: RegistryServer | undefined;
beforeAll(async () => {
  if (missing !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'ingot-crane-'));
  store = await Store.open(join(folder, 'cache'));
  const context = new MemoryStore().context();
  for (const one of await encodeOci(TREE, OPTIONS, context)) await write(join(folder, 'web', one.role), one);
  for (const one of await encodeDockerArchive(TREE, OPTIONS, context)) await write(join(folder, 'web.docker.tar'), one);
  await mkdir(join(folder, 'registry'));
  registry = await startRegistry({ folder: join(folder, 'registry') });
});
afterAll(async () => {
  if (missing !== undefined) return;
  await registry?.stop();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function write(path: string, { bytes }: EncodedFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await pipeline(Readable.from(bytes()), createWriteStream(path));
}

const ask = (...args: readonly string[]) => run(folder, program, ...args, '--insecure').trim();
const named = (name: string) => `${registry?.host}/${name}`;

describe('crane, with an image that is built', () => {
  skipAllBecause(missing);

  test('pushes it by the digest that its index has, finds it right, and exports the root that it was made of', async () => {
    ask('push', 'web', named('web:1'));
    const index = JSON.parse(await readFile(join(folder, 'web/index.json'), 'utf8'));
    expect(ask('digest', named('web:1'))).toBe(index.manifests[0].digest);
    ask('validate', '--remote', named('web:1'));
    ask('export', named('web:1'), 'root.tar');
    await mkdir(join(folder, 'root'));
    run(folder, 'tar', '-xpf', 'root.tar', '-C', 'root');
    expect(listFolder(join(folder, 'root')).filter((text) => !text.startsWith('var/pipe '))).toEqual(LISTING);
  });

  test('finds the archive for Docker right, which has the same layers', () => {
    ask('validate', '--tarball', 'web.docker.tar');
    ask('push', 'web.docker.tar', named('web:docker'));
    ask('push', 'web', named('web:oci'));
    const layers = (tag: string) => JSON.parse(ask('config', named(`web:${tag}`))).rootfs.diff_ids;
    expect(layers('docker')).toEqual(layers('oci'));
  });
});

describe('an image that crane has made', () => {
  skipAllBecause(missing);
  let host: string;
  let layout: string;
  beforeAll(async () => {
    if (missing !== undefined || registry === undefined) return;
    host = registry.host;
    layout = (await makeImage(folder)).slice('oci:'.length).replace(/:1\.0$/, '');
    // What umoci has made says the platform of this machine.
    ask('push', layout, named('app:made'));
    ask('mutate', named('app:made'), '--set-platform', 'linux/amd64', '-t', named('app:amd64'));
    ask(
      'mutate',
      named('app:amd64'),
      '--set-platform',
      'linux/arm64/v8',
      '--label',
      'for=arm',
      '-t',
      named('app:arm64'),
    );
    const both = ['-m', named('app:amd64'), '-m', named('app:arm64')];
    ask('index', 'append', ...both, '-t', named('app:1'), '--docker-empty-base=false');
  });

  test.each([
    ['linux/amd64', 'amd64'],
    ['linux/arm64', 'arm64'],
  ] as const)('is chosen for %s from an index, by the digest that crane tells', async (platform, tag) => {
    const client = await RegistryClient.open({ environment: { HOME: folder } });
    try {
      const name = parseImageName(`${host}/app:1`);
      const source = openRegistry(name, { client, signal: never });
      const about = { about: 'an image', platform, reference: referenceOf(name) };
      const pin = await resolveImage(source, { ...about, store, signal: never, progress: silent });
      expect(pin.manifest).toBe(ask('digest', named(`app:${tag}`)));
      const manifest = await source.manifest(pin.manifest ?? '');
      expect(manifest.mediaType).toBe(MANIFEST);
      expect(sha256(manifest.bytes)).toBe(pin.manifest);
    } finally {
      await client.close();
    }
  });

  test('is the same root as a layout and as an archive, once crane has pulled it', async () => {
    ask('pull', named('app:made'), 'pulled', '--format', 'oci');
    ask('pull', named('app:made'), 'pulled.tar');
    const [first, second, third] = await Promise.all(
      [`oci:${layout}:1.0`, 'oci:pulled', 'docker-archive:pulled.tar'].map((reference) =>
        readImage(reference, { folder, store }),
      ),
    );
    expect(first?.entries.map(({ path }) => path)).toEqual(expect.arrayContaining(['srv/hello', 'srv/large']));
    expect(second?.entries).toEqual(first?.entries);
    expect(third?.entries).toEqual(first?.entries);
    expect(second?.pin).toEqual(first?.pin);
  });
});
