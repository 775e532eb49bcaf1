import { describe, expect, test } from 'vitest';
import type { FileEntry, Layer } from '../model/index.js';
import { assemble } from './assemble.js';
import { type Item, inputOf, layer, listing, program } from './layers.fixture.js';

const SOURCE = { url: 'https://a.example/x.tar', sha256: 'a'.repeat(64), unpack: true };

function unpacked(items: Readonly<Record<string, Item>>, entry: Partial<FileEntry> = {}, init: Layer = layer({})) {
  const files = [{ path: 'opt/tool', source: SOURCE, ...entry }];
  return assemble(inputOf({ init: ['x'], files }, { x: [init] }, { archives: new Map([[0, layer(items)]]) }));
}

describe('layFiles() with an archive', () => {
  test('lays it into the folder at the path, with the modes of the archive and the owner of the entry', async () => {
    const archive = {
      bin: { type: 'directory', mode: 0o700, uid: 1001, gid: 1001 },
      'bin/tool': { ...(program() as object), uid: 1001, gid: 1001 },
      'bin/t': { type: 'hardlink', link: 'bin/tool' },
      'lib/x': { link: '../bin/tool' },
    } as const;
    const entries = listing(await unpacked(archive, { uid: 7, gid: 8 }));
    expect(entries).toMatchObject({
      'opt/tool': '0755 7:8 directory',
      'opt/tool/bin': '0700 7:8 directory',
      'opt/tool/bin/tool': '= opt/tool/bin/t',
      'opt/tool/bin/t': '0755 7:8 2',
      'opt/tool/lib/x': '-> ../bin/tool',
    });
  });

  test('keeps what the archive holds within the folder, through whatever links', async () => {
    const entries = listing(
      await unpacked({
        up: { link: '../../../..' },
        'up/etc/passwd': 'x',
        abs: { link: '/etc' },
        'abs/shadow': 'x',
        Dockerfile: 'a plain file here',
        '.wh.bin': 'this one too',
      }),
    );
    expect(entries).toMatchObject({
      'opt/tool/etc/passwd': expect.any(String),
      'opt/tool/etc/shadow': expect.any(String),
    });
    expect(entries).not.toHaveProperty('etc/passwd');
    expect(entries).not.toHaveProperty('etc/shadow');
    expect(entries).toMatchObject({
      'opt/tool/Dockerfile': expect.any(String),
      'opt/tool/.wh.bin': expect.any(String),
    });
  });

  test('leaves folders that are there as they are', async () => {
    const init = layer({ usr: null, 'usr/local': null, 'usr/local/bin': { type: 'directory', mode: 0o711 } });
    const tree = await unpacked({ bin: null, 'bin/x': program() }, { path: 'usr/local' }, init);
    expect(listing(tree)).toMatchObject({ 'usr/local/bin': '0711 0:0 directory', 'usr/local/bin/x': '0755 0:0 2' });
    expect(tree.entries.find(({ path }) => path === 'usr/local/bin')?.component).toBe('init/0/image');
  });
});
