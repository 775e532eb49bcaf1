import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Layer } from '../model/index.js';
import { type LayerKind, layDown } from './flatten.js';
import { type Item, layer, listing } from './layers.fixture.js';
import { entriesOf, type Folder, newFolder, plainFolder } from './root.js';

const shared = plainFolder('shared', 7);

function flatten(kind: LayerKind, ...layers: Layer[]): Folder {
  const root = newFolder(shared);
  for (const [index, one] of layers.entries()) layDown(root, one, { kind, component: `layer${index}`, shared });
  return root;
}

const image = (...items: Record<string, Item>[]) => listing(flatten('image', ...items.map((item) => layer(item))));
const packages = (...items: Record<string, Item>[]) => listing(flatten('package', ...items.map((item) => layer(item))));

describe('layDown()', () => {
  test('lets the last entry win, within a layer and between layers', () => {
    expect(image({ a: '1', 'a#2': '22' }, { b: '1' }, { b: '333' })).toEqual({ a: '0644 0:0 2', b: '0644 0:0 3' });
  });

  test('makes missing parents 0755 root, with the shared time and component', () => {
    const root = flatten('image', layer({ 'a/b/c': 'x' }));
    expect(listing(root)).toEqual({ a: '0755 0:0 directory', 'a/b': '0755 0:0 directory', 'a/b/c': '0644 0:0 1' });
    expect(entriesOf(root)[0]).toMatchObject({ mtimeSeconds: 7, component: 'shared' });
  });

  test('removes all beneath a folder when something else takes its place', () => {
    expect(image({ a: null, 'a/b': null, 'a/b/c': 'x' }, { a: 'file' })).toEqual({ a: '0644 0:0 4' });
    expect(image({ a: null, 'a/b': 'x', z: null }, { a: { link: 'z' } })).toEqual({
      a: '-> z',
      z: '0755 0:0 directory',
    });
  });

  test('keeps what is in a folder that is described again', () => {
    expect(image({ a: null, 'a/b': 'x' }, { a: { type: 'directory', mode: 0o700, uid: 5 } })).toEqual({
      a: '0700 5:0 directory',
      'a/b': '0644 0:0 1',
    });
  });

  test('keeps xattrs, devices and pipes', () => {
    const root = flatten(
      'image',
      layer({
        f: { text: 'x', xattrs: { 'security.capability': 'AQ==' } },
        n: { type: 'char', device: { major: 1, minor: 3 } },
        p: { type: 'fifo' },
      }),
    );
    expect(entriesOf(root)).toMatchObject([
      { path: 'f', xattrs: { 'security.capability': 'AQ==' } },
      { path: 'n', type: 'char', device: { major: 1, minor: 3 } },
      { path: 'p', type: 'fifo' },
    ]);
  });

  test('sorts by bytes, not by code units or segments', () => {
    const names = ['a', 'a-b', 'a/c', 'é', '\udc80', '\u{10000}', '\uffee'];
    const items = Object.fromEntries(names.map((name): [string, Item] => [name, name === 'a' ? null : 'x']));
    const sorted = entriesOf(flatten('image', layer(items))).map(({ path }) => path);
    expect(sorted).toEqual(['a', 'a-b', 'a/c', '\udc80', 'é', '\uffee', '\u{10000}']);
  });
});

describe('layDown() resolves parents that are links', () => {
  test.each([
    ['relative', 'usr/lib'],
    ['absolute', '/usr/lib'],
    ['upwards, stopped at the root', '../../../usr/lib'],
  ])('%s', (_, target) => {
    expect(image({ usr: null, 'usr/lib': null, lib: { link: target } }, { 'lib/foo': 'x' })).toEqual({
      lib: `-> ${target}`,
      usr: '0755 0:0 directory',
      'usr/lib': '0755 0:0 directory',
      'usr/lib/foo': '0644 0:0 1',
    });
  });

  test('through several links, and makes the folder a dangling one points to', () => {
    expect(image({ a: { link: 'b' }, b: { link: '/c/d' }, 'a/x': 'x' })).toMatchObject({ 'c/d/x': '0644 0:0 1' });
  });

  test('finds the new place after a link was replaced within the layer', () => {
    const items = { one: null, two: null, l: { link: 'one' }, 'l/a': 'x', 'l#2': { link: 'two' }, 'l/b': 'x' };
    expect(image(items)).toMatchObject({ 'one/a': '0644 0:0 1', 'two/b': '0644 0:0 1' });
  });

  test('refuses a circle, and a file on the way', () => {
    expect(() => image({ a: { link: 'b' }, b: { link: 'a' }, 'a/x': 'x' })).toThrow(
      'Cannot resolve a: it leads through more than 40 links',
    );
    expect(() => image({ a: 'file', 'a/x': 'x' })).toThrow('Cannot place a: something on the way is not a folder');
  });
});

describe('layDown() keeps hard links', () => {
  test('as names of one file, the first by bytes having the content', () => {
    expect(image({ z: 'body', a: { type: 'hardlink', link: 'z', mode: 0o600 } })).toEqual({
      a: '0644 0:0 4',
      z: '= a',
    });
  });

  test('through a link in the parent of the target', () => {
    expect(image({ 'usr/lib/x': 'x', lib: { link: 'usr/lib' }, y: { type: 'hardlink', link: 'lib/x' } })).toMatchObject(
      {
        'usr/lib/x': '0644 0:0 1',
        y: '= usr/lib/x',
      },
    );
  });

  test('apart from a name that a later layer replaces', () => {
    expect(image({ a: 'old', b: { type: 'hardlink', link: 'a' } }, { a: 'newer' })).toEqual({
      a: '0644 0:0 5',
      b: '0644 0:0 3',
    });
  });

  test.each(['nothing', '../a', '', 'folder'])('and refuses one to %j', (link) => {
    expect(() => image({ a: 'x', folder: null, b: { type: 'hardlink', link } })).toThrow(
      /Cannot lay b: it is a hard link to .*, and there is no such file/,
    );
  });
});

describe('layDown() with whiteouts', () => {
  test('hides what lower layers have, file or folder', () => {
    expect(image({ d: null, 'd/a': 'x', 'd/b': null, 'd/b/c': 'x' }, { 'd/.wh.a': '', 'd/.wh.b': '' })).toEqual({
      d: '0755 0:0 directory',
    });
  });

  test('never hides what the same layer brings, whatever the order', () => {
    expect(
      image({ a: 'old', d: null, 'd/x': 'old' }, { a: 'new!', '.wh.a': '', 'd/y': 'y', 'd/.wh..wh..opq': '' }),
    ).toEqual({
      a: '0644 0:0 4',
      d: '0755 0:0 directory',
      'd/y': '0644 0:0 1',
    });
  });

  test('empties an opaque folder of what lower layers have, and keeps the folder', () => {
    expect(image({ d: null, 'd/e': null, 'd/e/f': 'x' }, { 'd/.wh..wh..opq': '' })).toEqual({
      d: '0755 0:0 directory',
    });
  });

  test('passes over whiteouts of nothing and reserved names', () => {
    expect(image({ a: 'x' }, { '.wh.b': '', 'no/.wh.c': '', '.wh..wh.plnk': '' })).toEqual({ a: '0644 0:0 1' });
  });

  test('takes them for plain files in packages', () => {
    expect(packages({ a: 'x' }, { '.wh.a': '' })).toHaveProperty('a');
  });
});

describe('layDown() of packages', () => {
  test('leaves a link that a folder is shipped over, as dpkg does', () => {
    expect(packages({ 'usr/lib': null, lib: { link: 'usr/lib' } }, { lib: null, 'lib/x': 'x' })).toEqual({
      lib: '-> usr/lib',
      usr: '0755 0:0 directory',
      'usr/lib': '0755 0:0 directory',
      'usr/lib/x': '0644 0:0 1',
    });
  });

  test('leaves a folder that a link is shipped over', () => {
    expect(packages({ lib: null, 'lib/x': 'x' }, { lib: { link: 'usr/lib' } })).toHaveProperty('lib/x');
  });

  test('gives folders that several ship to none of them, and lets the first decide owner and mode', () => {
    const root = flatten(
      'package',
      layer({ d: { type: 'directory', mode: 0o750 }, own: null }),
      layer({ d: { type: 'directory', mode: 0o711 } }),
    );
    expect(entriesOf(root)).toMatchObject([
      { path: 'd', mode: 0o750, component: 'shared', mtimeSeconds: 7 },
      { path: 'own', component: 'layer0' },
    ]);
  });
});

describe('layDown() of hostile layers', () => {
  test.each(['../x', 'a/../../x', '/etc/x', 'a//b', 'a/./b', 'a/', 'a\0b', 'x'.repeat(5000)])('refuses %j', (path) => {
    expect(() => flatten('image', layer({ [path]: 'x' }))).toThrow(/is not a plain path below the root/);
  });

  test('refuses paths that links make longer than Linux can have', () => {
    const segment = 'x'.repeat(200);
    const deep = Array.from({ length: 15 }, () => segment).join('/');
    const items = { [`${deep}/l`]: 'x', link: { link: deep }, [`link/${deep}/y`]: 'x' };
    expect(() => entriesOf(flatten('image', layer(items)))).toThrow(/its path has 4096 characters or more/);
  });

  test('gives a sound tree for any entries that it accepts', () => {
    const segment = fc.constantFrom('a', 'b', 'c', '.wh.a', '.wh..wh..opq');
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const link = fc.array(fc.constantFrom('a', 'b', '..', '', 'c'), { maxLength: 4 }).map((parts) => parts.join('/'));
    const item = fc.oneof(
      fc.constant<Item>(null),
      fc.constant<Item>('body'),
      link.map((target): Item => ({ link: target })),
      path.map((target): Item => ({ type: 'hardlink', link: target })),
    );
    const entries = fc.array(fc.tuple(path, item), { maxLength: 20 });
    const kinds = fc.constantFrom<LayerKind>('image', 'package');
    fc.assert(
      fc.property(kinds, entries, entries, (kind, lower, upper) => {
        const layers = [lower, upper].map((list) =>
          layer(Object.fromEntries(list.map(([name, what], index) => [`${name}#${index}`, what]))),
        );
        let flat: ReturnType<typeof entriesOf>;
        try {
          flat = entriesOf(flatten(kind, ...layers));
        } catch (error) {
          expect(error).toHaveProperty('name', 'TreeError');
          return;
        }
        const seen = new Map<string, string>();
        for (const { path: name, type, link: target, content } of flat) {
          const slash = name.lastIndexOf('/');
          expect(slash < 0 ? 'directory' : seen.get(name.slice(0, slash))).toBe('directory');
          expect(seen.has(name)).toBe(false);
          if (type === 'hardlink') expect(['file', 'symlink']).toContain(seen.get(target ?? ''));
          expect(content !== undefined).toBe(type === 'file');
          seen.set(name, type);
        }
      }),
      { numRuns: 500 },
    );
  });
});
