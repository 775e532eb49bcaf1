import { describe, expect, test } from 'vitest';
import type { Component, Tree } from '../model/tree.js';
import { ociLayers } from './oci-layers.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

function treeWith(entries: readonly PartialEntry[], components: readonly Component[]): Tree {
  return { ...treeOf(entries), components: [{ id: 'base', kind: 'init' }, ...components] };
}

const WEB: Component = { id: 'services/web/lighttpd', kind: 'package' };
const LIB: Component = { id: 'services/web/libc6', kind: 'package' };
const FILES: Component = { id: 'files', kind: 'files' };

function pathsOf(tree: Tree): string[][] {
  return ociLayers(tree).map((layer) => [...layer.entries()].map(({ path }) => path));
}

describe('ociLayers()', () => {
  test('gives each kind of component its layer, with the folders above its entries', () => {
    const tree = treeWith(
      [
        { path: 'usr', type: 'directory' },
        { path: 'usr/bin', type: 'directory', component: LIB.id },
        file('usr/bin/tool', 'tool', { component: LIB.id }),
        file('usr/bin/web', 'web', { component: WEB.id }),
        file('usr/zz/index.html', 'hello', { component: 'files' }),
      ],
      [LIB, WEB, FILES],
    );
    expect(pathsOf(tree)).toEqual([
      ['usr', 'usr/zz', ''],
      ['usr', 'usr/bin', 'usr/bin/tool', 'usr/bin/web', ''],
      ['usr', 'usr/zz', 'usr/zz/index.html', ''],
    ]);
  });

  test('keeps all names of a file in one layer: the first in which one of them is', () => {
    const tree = treeWith(
      [
        file('a', 'one', { component: 'files' }),
        { path: 'b', type: 'hardlink', link: 'a', component: WEB.id },
        file('c', 'other', { component: 'files' }),
      ],
      [WEB, FILES],
    );
    expect(pathsOf(tree)).toEqual([
      ['a', 'b', ''],
      ['c', ''],
    ]);
  });

  test('leaves other layers as they are when one component changes', () => {
    const keys = (text: string) => {
      const entries = [file('a', 'x', { component: WEB.id }), file('b', text, { component: 'files' })];
      return ociLayers(treeWith(entries, [WEB, FILES])).map(({ key }) => key);
    };
    const [before, after] = [keys('one'), keys('two')];
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  test('makes at most 100 layers, however many components there are', () => {
    const store = new MemoryStore();
    const blob = store.put(Buffer.alloc(5 << 20));
    const components = Array.from({ length: 300 }, (_, index): Component => ({ id: `p${index}`, kind: 'package' }));
    const entries = components.map(({ id }) =>
      store.stored(id, { blob, offset: 0, sizeBytes: 5 << 20 }, { component: id }),
    );
    const layers = ociLayers(treeWith(entries, components));
    expect(layers.length).toBeLessThanOrEqual(100);
    expect(layers.flatMap((layer) => layer.components)).toEqual(components.map(({ id }) => id));
  });

  test('says how long each layer is', () => {
    const [layer] = ociLayers(treeOf([file('a', 'x')]));
    expect(layer?.sizeBytes).toBe(512 + 512 + 1024);
  });

  test('refuses names that would remove something', () => {
    expect(() => ociLayers(treeOf([file('etc/.wh.passwd', '')]))).toThrow(
      expect.objectContaining({ code: 'unrepresentable', context: { path: 'etc/.wh.passwd' } }),
    );
  });
});
