import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Store } from '../../provider/src/store/store.js';
import { missingPrograms, skipAllBecause } from '../skip.js';
import { readImage } from './image-root.js';
import { line, listFolder, run, umociImage, umociLayer, umociRoot } from './oci-images.js';

const LAYERS = [
  `mkdir -p bin etc/app var/lib/app/old usr/share/doc opt/gone
   printf one > etc/app/one; printf two > etc/app/two; ln etc/app/one etc/app/hard
   ln -s ../etc/app link; ln -s nowhere dangling; printf x > bin/tool; chmod 4755 bin/tool
   printf a > var/lib/app/old/a; printf b > var/lib/app/old/b; printf doc > usr/share/doc/x; printf y > opt/gone/y
   mkdir tmp; chmod 1777 tmp; printf f > becomes-folder; mkdir becomes-file; printf g > becomes-file/g`,
  // Deleted, changed, and types turned into each other.
  `rm etc/app/two; rm -r opt/gone; printf 'one, changed' > etc/app/one; chmod 600 bin/tool
   rm becomes-folder; mkdir becomes-folder; printf n > becomes-folder/n; rm -r becomes-file; printf h > becomes-file
   rm link; mkdir link; printf in > link/in`,
  `printf two > etc/app/two; mkdir -p opt/gone; printf z > opt/gone/z; rm -r usr/share/doc; printf e > usr/share/empty`,
];
/** What umoci itself never writes: an opaque folder, and a whiteout that stands after what replaces it. */
const OPAQUE = `mkdir -p var/lib/app/old; printf new > var/lib/app/old/c; printf '' > var/lib/app/old/.wh..wh..opq
  mkdir -p opt; printf '' > opt/.wh.gone; mkdir etc; printf '' > etc/.wh.nothing`;

describe('an image made by umoci', () => {
  skipAllBecause(missingPrograms('umoci', 'skopeo', 'tar'));
  let folder: string;
  let store: Store;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-oci-'));
    store = await Store.open(join(folder, 'cache'));
    if (missingPrograms('umoci', 'skopeo', 'tar') !== undefined) return;
    umociImage(folder, LAYERS);
    umociLayer(folder, 'opaque', OPAQUE);
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const listing = async (reference: string): Promise<{ lines: string[]; manifest: string }> => {
    const { pin, entries } = await readImage(reference, { folder, store });
    const lines = entries.map(({ path, type, mode, uid, gid, link, content }) => {
      const what = type === 'hardlink' ? `= ${link}` : (link ?? content?.sha256.slice('sha256:'.length) ?? '');
      return line({ path, type: type === 'hardlink' ? 'file' : type, mode, uid, gid, what });
    });
    return { lines: lines.sort(), manifest: pin.kind === 'image' ? pin.manifest : '' };
  };

  test('is the root that umoci unpacks: whiteouts, opaque folders, links and modes', async () => {
    const { lines } = await listing('oci:images:web');
    expect(lines).toEqual(listFolder(umociRoot(folder)));
    const paths = lines.map((text) => text.split(' ')[0]);
    expect(paths).toEqual(expect.arrayContaining(['var/lib/app/old/c', 'becomes-folder/n', 'link/in', 'etc/app/hard']));
    expect(paths).not.toEqual(expect.arrayContaining(['var/lib/app/old/a']));
    expect(paths.filter((path) => path?.includes('.wh.') || path?.startsWith('opt/gone'))).toEqual([]);
  });

  test.each([
    ['oci-archive:web.tar:web', ['oci-archive:web.tar:web']],
    ['oci:zstd:web', ['--dest-compress-format', 'zstd', 'oci:zstd:web']],
    ['docker-archive:docker.tar:web:1', ['docker-archive:docker.tar:web:1']],
    ['docker-archive:docker.tar', []],
  ])('has the same root as %s, which skopeo copied', async (reference, args) => {
    if (args.length > 0)
      run(folder, 'skopeo', '--insecure-policy', 'copy', ...args.slice(0, -1), 'oci:images:web', args.at(-1) ?? '');
    const [ours, copy] = [await listing('oci:images:web'), await listing(reference)];
    expect(copy.lines).toEqual(ours.lines);
  });

  test('has the digest that skopeo tells', async () => {
    const told = JSON.parse(run(folder, 'skopeo', 'inspect', 'oci:images:web')) as { Digest: string; Layers: string[] };
    expect((await listing('oci:images:web')).manifest).toBe(told.Digest);
    expect((await listing(`oci:images@${told.Digest}`)).manifest).toBe(told.Digest);
  });

  test('is the same root as its unpacked folder, but for owners', async () => {
    const root = join(folder, 'bundle1', 'rootfs');
    const withoutOwner = (lines: readonly string[]) => lines.map((text) => text.replace(/ \d+:\d+( |$)/, '$1'));
    const { lines } = await listing(`dir:${root}`);
    expect(withoutOwner(lines)).toEqual(withoutOwner(listFolder(root)));
  });
});
