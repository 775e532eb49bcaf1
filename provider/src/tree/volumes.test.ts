import { describe, expect, test } from 'vitest';
import { type ImageBlobs, type Spec, sha256 } from '../model/index.js';
import { assemble } from './assemble.js';
import { LABEL } from './image-container.js';
import { imageConfig, inputOf, layer, listing, program, textIn } from './layers.fixture.js';

const init = { 'i:1': [layer({ init: program() })] };
const site = layer({ 'index.html': 'hello', 'etc/resolv.conf': 'own', lib: { link: 'usr/lib' } });
const web = layer({ 'bin/web': program() });

const mountsIn = async (tree: Awaited<ReturnType<typeof assemble>>, place: string) => {
  const { mounts } = JSON.parse(await textIn(tree, `containers/${place}/config.json`));
  return Object.fromEntries(mounts.map((mount: { destination: string }) => [mount.destination, mount]));
};

describe('assemble() of volumes', () => {
  test("lays them as LinuxKit does: what they hold in `lower`, beside the init's own two folders", async () => {
    const spec: Spec = { init: ['i:1'], volumes: [{ name: 'site', image: 's:1' }, { name: 'empty' }] };
    const tree = await assemble(inputOf(spec, { ...init, 's:1': [site] }));
    expect(listing(tree)).toMatchObject({
      'containers/volumes': '0755 0:0 directory',
      'containers/volumes/empty/lower': '0755 0:0 directory',
      'containers/volumes/empty/merged': '0755 0:0 directory',
      'containers/volumes/empty/tmp': '0755 0:0 directory',
      'containers/volumes/site/lower/index.html': '0644 0:0 5',
      'containers/volumes/site/lower/etc/resolv.conf': '-> /run/resolvconf/resolv.conf',
      'containers/volumes/site/merged': '0755 0:0 directory',
    });
    expect(tree.components.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['volumes/site', 'volumes/site/image', 'volumes/empty']),
    );
  });

  test('gives containers the place of a volume for its name, in binds and in mounts', async () => {
    const services = [
      {
        name: 'web',
        image: 'w:1',
        command: ['web'],
        binds: ['site:/srv:ro', '/etc:/host'],
        mounts: [{ type: 'bind', source: 'data', destination: '/data', options: ['rw'] }],
      },
      { name: 'other', image: 'w:1', command: ['web'], 'binds.add': ['data:/data'] },
    ];
    const spec: Spec = { init: ['i:1'], volumes: [{ name: 'site', readonly: true }, { name: 'data' }], services };
    const tree = await assemble(inputOf(spec, { ...init, 'w:1': [web] }));
    expect(await mountsIn(tree, 'services/web')).toMatchObject({
      '/srv': { source: '/containers/volumes/site/merged', type: 'bind', options: ['ro', 'rbind'] },
      '/host': { source: '/etc' },
      '/data': { source: '/containers/volumes/data/merged', type: 'bind', options: ['rw'] },
    });
    expect(await mountsIn(tree, 'services/other')).toMatchObject({
      '/data': { source: '/containers/volumes/data/merged', options: ['rw', 'rbind', 'rshared'] },
    });
    expect(listing(tree)['containers/services/web/lower/srv']).toBe('0755 0:0 directory');
  });

  test('knows volumes by name in what images ask for, and lets none write to one that is read-only', async () => {
    const labels = { [LABEL]: JSON.stringify({ binds: ['data:/data'] }) };
    const images = new Map([['w:1', imageConfig({ labels, entrypoint: ['web'] })]]);
    const input = (readonly: boolean) =>
      inputOf(
        { init: ['i:1'], volumes: [{ name: 'data', readonly }], services: [{ name: 'web', image: 'w:1' }] },
        { ...init, 'w:1': [web] },
        { images },
      );
    expect((await mountsIn(await assemble(input(false)), 'services/web'))['/data'].source).toBe(
      '/containers/volumes/data/merged',
    );
    await expect(assemble(input(true))).rejects.toThrow(/it would write to the volume data, which is read-only/);
  });

  test('holds the image itself with the format `oci`, in a layout of one image', async () => {
    const blob = (text: string, mediaType: string) => ({ digest: sha256(text), sizeBytes: text.length, mediaType });
    const image: ImageBlobs = { manifest: blob('manifest', 'm'), blobs: [blob('config', 'c'), blob('layer', 'l')] };
    const spec: Spec = { init: ['i:1'], volumes: [{ name: 'images', image: 's:1', format: 'oci' }] };
    const tree = await assemble(inputOf(spec, { ...init, 's:1': [site] }, { imageBlobs: new Map([['s:1', image]]) }));
    const lower = 'containers/volumes/images/lower';
    expect(Object.keys(listing(tree)).filter((path) => path.startsWith(`${lower}/blobs/sha256/`))).toHaveLength(3);
    expect(JSON.parse(await textIn(tree, `${lower}/oci-layout`))).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(JSON.parse(await textIn(tree, `${lower}/index.json`)).manifests).toEqual([
      {
        mediaType: 'm',
        digest: image.manifest.digest,
        size: 8,
        annotations: { 'org.opencontainers.image.ref.name': 's:1' },
      },
    ]);
    expect(Object.keys(listing(tree))).not.toContain(`${lower}/index.html`);
  });

  test('lets files of the user be laid into one, links of its image followed within it', async () => {
    const volume = 'containers/volumes/site/lower';
    const spec: Spec = {
      init: ['i:1'],
      volumes: [{ name: 'site', image: 's:1' }],
      files: [{ path: `${volume}/lib/own`, contents: 'x' }],
    };
    const tree = await assemble(inputOf(spec, { ...init, 's:1': [site] }));
    expect(await textIn(tree, `${volume}/usr/lib/own`)).toBe('x');
  });
});
