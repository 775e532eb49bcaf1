import { describe, expect, test } from 'vitest';
import { type FileEntry, sha256 } from '../model/index.js';
import { layFiles } from './files.js';
import { textOf } from './generated.js';
import { listing, lockOf, read } from './layers.fixture.js';
import { type Folder, find, makeFolder, newFolder, newSymlink, plainFolder, put } from './root.js';

const plain = plainFolder('init', 1);

function lay(files: FileEntry[], root: Folder = newFolder(plain), roots = new Map<string, Folder>()): Folder {
  const bytes = Buffer.from('from source');
  const content = { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
  layFiles(root, {
    lock: { ...lockOf({ files }), files: { 9: { digest: content.sha256, sizeBytes: content.sizeBytes } } },
    contents: new Map(files.flatMap(({ source }, index) => (source === undefined ? [] : [[index, content] as const]))),
    archives: undefined,
    uids: [new Map([['ann', 1000]]), new Map([['web', 100]])],
    gids: [new Map([['ann', 1000]]), new Map([['web', 100]])],
    component: 'files',
    roots,
  });
  return root;
}

describe('layFiles()', () => {
  test('has LinuxKit defaults: 0600, folders 0700, parents with x wherever there is any bit', () => {
    expect(
      listing(
        lay([
          { path: '/a/b/c', contents: 'x' },
          { path: 'd', directory: true },
          { path: 'e/f', contents: 'x', mode: '0644', uid: 5, gid: 'web' },
          { path: 'g', symlink: '/a' },
          { path: 'h', source: './h', mode: '4750' },
        ]),
      ),
    ).toEqual({
      a: '0700 0:0 directory',
      'a/b': '0700 0:0 directory',
      'a/b/c': '0600 0:0 1',
      d: '0700 0:0 directory',
      e: '0755 5:100 directory',
      'e/f': '0644 5:100 1',
      g: '-> /a',
      h: '4750 0:0 11',
    });
  });

  test('leaves folders that are there as they are, unless it describes them', () => {
    const root = newFolder(plain);
    makeFolder(root, 'etc', plain);
    expect(listing(lay([{ path: 'etc/x', contents: '' }], root)).etc).toBe('0755 0:0 directory');
    expect(listing(lay([{ path: 'etc', directory: true, mode: '0711' }], root)).etc).toBe('0711 0:0 directory');
  });

  test('goes through links, in the root that they are in', () => {
    const root = newFolder(plain);
    const container = newFolder(plain);
    put(root, 'lib', newSymlink('usr/lib', plain), plain);
    put(container, 'var/run', newSymlink('/run', plain), plain);
    put(root, 'containers/services/web/lower', container, plain);
    const roots = new Map([['containers/services/web/lower', container]]);
    const entries = listing(
      lay(
        [
          { path: 'lib/x', contents: '' },
          { path: 'containers/services/web/lower/var/run/y', contents: '' },
        ],
        root,
        roots,
      ),
    );
    expect(entries).toHaveProperty('usr/lib/x');
    expect(entries).toHaveProperty('containers/services/web/lower/run/y');
  });

  test.each([
    [
      'json',
      '{\n    "files": [\n        {\n            "metadata": "json",\n            "path": "m"\n        }\n    ],\n    "hostname": "h"\n}',
    ],
    ['yaml', 'files:\n  - metadata: yaml\n    path: m\nhostname: h\n'],
  ] as const)('writes the spec as %s, members sorted', async (metadata, expected) => {
    const root = newFolder(plain);
    const lock = lockOf({ hostname: 'h', files: [{ path: 'm', metadata }] });
    layFiles(root, {
      ...{ lock, contents: new Map(), archives: undefined, uids: [], gids: [] },
      ...{ component: 'files', roots: new Map() },
    });
    const node = find(root, 'm');
    expect(node?.type === 'file' && (await textOf(node, read))).toBe(expected);
  });

  test('passes over an optional file that was not there', () => {
    expect(listing(lay([{ path: 'a', optional: true }]))).toEqual({});
  });

  test.each<[string, FileEntry]>([
    ['Cannot make "../etc/passwd": it is not a path below the root', { path: '../etc/passwd', contents: '' }],
    ['Cannot make "/": it is not a path below the root', { path: '/', directory: true }],
    ['Cannot make a: it has no content', { path: 'a' }],
    ['Cannot make a: it has several contents', { path: 'a', contents: '', symlink: 'b' }],
    ['Cannot use "nobody" as files[0].uid: there is no such name', { path: 'a', contents: '', uid: 'nobody' }],
  ])('refuses: %s', (message, file) => {
    expect(() => lay([file])).toThrow(message);
  });

  test('says so when a content was not handed in', () => {
    const files = Array.from({ length: 10 }, (_, index) => ({
      path: `f${index}`,
      ...(index < 9 ? { contents: '' } : {}),
    }));
    expect(() => lay(files)).toThrow('Cannot make f9: its content was not handed in');
  });
});
