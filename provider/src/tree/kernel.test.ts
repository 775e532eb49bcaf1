import { describe, expect, test } from 'vitest';
import type { Kernel } from '../model/index.js';
import { textOf } from './generated.js';
import { layKernel } from './kernel.js';
import { layer, listing, read } from './layers.fixture.js';
import { type Folder, find, newFolder, newSymlink, plainFolder, put } from './root.js';

const plain = plainFolder('kernel', 9);
const RELEASE = '6.12.1-cloud-amd64';

const kernel = layer(
  {
    boot: null,
    'boot/kernel': 'MZ',
    usr: null,
    'usr/lib': null,
    'usr/lib/modules': null,
    [`usr/lib/modules/${RELEASE}/kernel/drivers/virtio/virtio_blk.ko`]: 'blk',
    [`usr/lib/modules/${RELEASE}/kernel/fs/ext4/ext4.ko`]: 'ext4',
    [`usr/lib/modules/${RELEASE}/kernel/lib/crc16.ko`]: 'crc',
    [`usr/lib/modules/${RELEASE}/kernel/crypto/crc32c_generic.ko`]: 'soft',
    [`usr/lib/modules/${RELEASE}/kernel/drivers/md/dm-mod.ko`]: 'dm',
    [`usr/lib/modules/${RELEASE}/kernel/sound/snd-pcm.ko`]: 'snd',
    [`usr/lib/modules/${RELEASE}/kernel/sound/soundcore.ko`]: 'core',
    [`usr/lib/modules/${RELEASE}/modules.dep`]: [
      'kernel/drivers/virtio/virtio_blk.ko:',
      'kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko',
      'kernel/lib/crc16.ko:',
      'kernel/crypto/crc32c_generic.ko:',
      'kernel/drivers/md/dm-mod.ko:',
      'kernel/sound/snd-pcm.ko: kernel/sound/soundcore.ko',
      'kernel/sound/soundcore.ko:',
      '',
    ].join('\n'),
    [`usr/lib/modules/${RELEASE}/modules.alias`]:
      '# Aliases\nalias virtio:d00000002v* virtio_blk\nalias snd-card-* snd_pcm\nalias devname:mapper dm_mod\n',
    [`usr/lib/modules/${RELEASE}/modules.softdep`]: 'softdep ext4 pre: crc32c_generic absent\nsoftdep snd_pcm pre: x\n',
    [`usr/lib/modules/${RELEASE}/modules.order`]: 'kernel/fs/ext4/ext4.ko\nkernel/sound/snd-pcm.ko\n',
    [`usr/lib/modules/${RELEASE}/modules.builtin`]: 'kernel/drivers/nvme/host/nvme.ko\n',
    [`usr/lib/modules/${RELEASE}/modules.builtin.modinfo`]: 'binary',
    [`usr/lib/modules/${RELEASE}/build`]: { link: '/usr/src/linux' },
  },
  { name: 'linux-image-cloud-amd64', version: '6.12.1-1' },
);

async function lay(modules?: Kernel['modules'], root: Folder = newFolder(plain)): Promise<Folder> {
  await layKernel(root, kernel, { modules, commandLine: 'quiet', component: 'kernel', mtimeSeconds: 9, read });
  return root;
}

async function index(root: Folder, name: string): Promise<string> {
  const node = find(root, `lib/modules/${RELEASE}/modules.${name}`);
  return node?.type === 'file' ? await textOf(node, read) : '';
}

const modulesIn = (root: Folder) =>
  Object.keys(listing(root))
    .filter((path) => path.endsWith('.ko'))
    .map((path) => path.slice(path.lastIndexOf('/') + 1));

describe('layKernel()', () => {
  test('takes by default what machines need, with dependencies, also soft ones', async () => {
    const root = await lay();
    expect(modulesIn(root)).toEqual(['crc32c_generic.ko', 'dm-mod.ko', 'virtio_blk.ko', 'ext4.ko', 'crc16.ko']);
    expect(listing(root)).toMatchObject({
      'boot/kernel': '0644 0:0 2',
      'boot/cmdline': '0644 0:0 5',
      lib: '-> usr/lib',
    });
  });

  test('cuts the indexes down to what is there', async () => {
    const root = await lay();
    expect(await index(root, 'dep')).not.toContain('sound');
    expect(await index(root, 'dep')).toContain('kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko\n');
    expect(await index(root, 'alias')).toBe(
      '# Aliases\nalias virtio:d00000002v* virtio_blk\nalias devname:mapper dm_mod\n',
    );
    expect(await index(root, 'softdep')).toBe('softdep ext4 pre: crc32c_generic absent\n');
    expect(await index(root, 'order')).toBe('kernel/fs/ext4/ext4.ko\n');
    expect(await index(root, 'builtin')).toBe('kernel/drivers/nvme/host/nvme.ko\n');
    expect(await index(root, 'builtin.modinfo')).toBe('');
  });

  test('adds modules by name, dashes and underscores alike, built-in ones without a word', async () => {
    expect(modulesIn(await lay(['snd_pcm', 'nvme']))).toEqual(expect.arrayContaining(['snd-pcm.ko', 'soundcore.ko']));
  });

  test('takes all on request', async () => {
    expect(modulesIn(await lay('all'))).toHaveLength(7);
  });

  test('refuses a name that the kernel does not have, with the nearest', async () => {
    await expect(lay(['snd-pcn'])).rejects.toThrow(
      'Cannot put the module snd-pcn into the image: the kernel has none of that name; did you mean snd_pcm?',
    );
  });

  test('puts modules below lib where the root has that as a folder', async () => {
    const root = newFolder(plain);
    put(root, 'lib/x', newFolder(plain), plain);
    expect(listing(await lay('default', root))).toHaveProperty(`lib/modules/${RELEASE}/modules.dep`);
    const merged = newFolder(plain);
    put(merged, 'lib', newSymlink('usr/lib', plain), plain);
    expect(listing(await lay('default', merged))).toHaveProperty(`usr/lib/modules/${RELEASE}/modules.dep`);
  });

  test('names a dependency that is missing', async () => {
    const broken = layer({
      'usr/lib/modules/1/kernel/ext4.ko': 'x',
      'usr/lib/modules/1/modules.dep': 'kernel/ext4.ko: kernel/gone.ko\n',
    });
    const options = { modules: undefined, commandLine: undefined, component: 'kernel', mtimeSeconds: 9, read };
    await expect(layKernel(newFolder(plain), broken, options)).rejects.toThrow(
      'Cannot put kernel/ext4.ko into the image: it needs kernel/gone.ko, which the kernel does not have',
    );
  });
});
