import { describe, expect, test } from 'vitest';
import { erofsItems } from './erofs-bodies.js';
import { keptErofsLayout } from './erofs-kept-layout.js';
import { erofsLayout } from './erofs-layout.js';
import { erofsNodes } from './erofs-nodes.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

const entries: readonly PartialEntry[] = [
  file('etc/motd', 'before', { component: 'files' }),
  file('usr/lib/large', Buffer.alloc(3_000_000, 'x'), { component: 'large' }),
  file('usr/lib/same', Buffer.alloc(9000, 'y'), { component: 'large' }),
  file('usr/share/same', Buffer.alloc(9000, 'y')),
  { path: 'usr/lib/link', type: 'symlink', link: 'large' },
  { path: 'usr/bin/second', type: 'hardlink', link: 'usr/lib/large' },
];

describe('keptErofsLayout()', () => {
  test('is that of erofsLayout(), made and recalled', async () => {
    const store = new MemoryStore();
    const nodes = erofsNodes(treeOf(entries));
    const made = await keptErofsLayout(nodes, store.context());
    const recalled = await keptErofsLayout(nodes, store.context());
    expect(store.made).toHaveLength(1);
    const want = erofsLayout(nodes, erofsItems(nodes));
    for (const got of [made, recalled]) expect(withoutNames(got)).toEqual(withoutNames(want));
  });

  const [motd, ...others] = entries as [PartialEntry, ...PartialEntry[]];
  test.each([
    ['a content of about the same length', [file('etc/motd', 'behind', { component: 'files' }), ...others], 1],
    ['another mode', [{ ...motd, mode: 0o600 }, ...others], 1],
    ['a content of more blocks', [file('etc/motd', Buffer.alloc(9001, 'm'), { component: 'files' }), ...others], 2],
    ['a content that is there twice', [file('etc/motd', Buffer.alloc(9000, 'y')), ...others], 2],
    ['another name', [file('etc/issue', 'before', { component: 'files' }), ...others], 2],
    ['another component', [{ ...motd, component: 'base' }, ...others], 2],
  ] as const)('after %s', async (_, changed, count) => {
    const store = new MemoryStore();
    await keptErofsLayout(erofsNodes(treeOf(entries)), store.context());
    const nodes = erofsNodes(treeOf(changed));
    const got = await keptErofsLayout(nodes, store.context());
    expect(store.made).toHaveLength(count);
    expect(withoutNames(got)).toEqual(withoutNames(erofsLayout(nodes, erofsItems(nodes))));
  });
});

function withoutNames({ cells, ...layout }: ReturnType<typeof erofsLayout>) {
  return {
    ...layout,
    cells: cells.map((placed) => {
      if (placed.kind === 'whole') return placed;
      const { items, firstBlock, tableBlocks } = placed.cell;
      return { ...placed, cell: { items, firstBlock, tableBlocks } };
    }),
  };
}
