import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EncodedFile } from '../../provider/src/encode/context.js';
import { encodeDockerArchive } from '../../provider/src/encode/docker-archive.js';
import { encodeOciArchive } from '../../provider/src/encode/oci-archive.js';
import { encodeOci } from '../../provider/src/encode/oci-image.js';
import { MemoryStore } from '../../provider/src/encode/tree.fixture.js';
import { type Tree, treeDigest } from '../../provider/src/model/tree.js';
import { Store } from '../../provider/src/store/store.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { readImage } from './image-root.js';
import { listFolder, ROOTLESS, run } from './oci-images.js';
import { LISTING, OPTIONS, TREE } from './output-tree.js';

describe('an image that is built', () => {
  const missing = missingPrograms('umoci', 'skopeo');
  skipAllBecause(missing);
  let folder: string;
  let store: Store;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-oci-output-'));
    store = await Store.open(join(folder, 'cache'));
    if (missing !== undefined) return;
    const context = new MemoryStore().context();
    for (const one of await encodeOci(TREE, OPTIONS, context)) await write(join(folder, 'web', one.role), one);
    for (const one of await encodeOciArchive(TREE, OPTIONS, context)) await write(join(folder, 'web.oci.tar'), one);
    for (const one of await encodeDockerArchive(TREE, OPTIONS, context))
      await write(join(folder, 'web.docker.tar'), one);
    writeFileSync(join(folder, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function write(path: string, { bytes }: EncodedFile): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await pipeline(Readable.from(bytes()), createWriteStream(path));
  }

  const copy = (from: string, to: string) => run(folder, 'skopeo', '--policy', 'policy.json', 'copy', from, to);

  test('is unpacked by umoci to the root that it was made of', () => {
    run(folder, 'umoci', 'unpack', ...ROOTLESS, '--image', 'web:latest', 'unpacked');
    const listed = listFolder(join(folder, 'unpacked', 'rootfs')).filter((text) => !text.startsWith('var/pipe '));
    expect(listed).toEqual(LISTING);
  });

  test('is taken by skopeo, which finds every digest right', () => {
    const told = JSON.parse(run(folder, 'skopeo', 'inspect', 'oci:web:latest'));
    expect(told).toMatchObject({ Architecture: 'amd64', Os: 'linux', Created: '2017-04-18T16:30:00Z' });
    expect(told.Labels['ingot.image']).toBe(OPTIONS.image);
    expect(told.Layers).toHaveLength(3);
    copy('oci:web:latest', 'dir:from-oci');
    const archived = JSON.parse(run(folder, 'skopeo', 'inspect', 'oci-archive:web.oci.tar:latest'));
    expect(archived.Digest).toBe(told.Digest);
    copy('oci-archive:web.oci.tar', 'dir:from-oci-archive');
  });

  test('is the same image as the archive for Docker, once skopeo has copied that', () => {
    copy('docker-archive:web.docker.tar', 'oci:from-docker:latest');
    run(folder, 'umoci', 'unpack', ...ROOTLESS, '--image', 'from-docker:latest', 'unpacked-docker');
    const listed = listFolder(join(folder, 'unpacked-docker', 'rootfs')).filter(
      (text) => !text.startsWith('var/pipe '),
    );
    expect(listed).toEqual(LISTING);
    const config = (reference: string) => JSON.parse(run(folder, 'skopeo', 'inspect', '--config', reference));
    expect(config('oci:from-docker:latest').rootfs).toEqual(config('oci:web:latest').rootfs);
    expect(run(folder, 'tar', '-xOf', 'web.docker.tar', 'manifest.json')).toContain('"ingot:');
  });

  test.each(['oci:web', 'oci:web:latest', 'oci-archive:web.oci.tar', 'docker-archive:web.docker.tar'])(
    'gives the same tree when it is read again as %s',
    async (reference) => {
      const read = await readImage(reference, { folder, store });
      const entries = TREE.entries.map((entry) => ({ ...entry, component: 'x' }));
      const known = new Map(entries.map((entry) => [entry.path, entry]));
      // Another name of a file says nothing of itself but which file it is of.
      const bare = (all: Tree['entries']) =>
        all.map((entry) => {
          const owner = entry.type === 'hardlink' ? known.get(entry.link ?? '') : undefined;
          const { mode, uid, gid, mtimeSeconds } = owner ?? entry;
          return { ...entry, mode, uid, gid, mtimeSeconds };
        });
      expect(treeDigest({ entries: bare(read.entries), components: [] })).toBe(
        treeDigest({ entries: bare(entries), components: [] }),
      );
    },
  );
});
