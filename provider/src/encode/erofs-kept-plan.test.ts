import { describe, expect, test } from 'vitest';
import { bufferOf, noise } from './block-image.fixture.js';
import { keptErofsPlan } from './erofs-kept-plan.js';
import { encodeErofsRoot } from './erofs-root.js';
import { planErofs } from './plan-erofs.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

const OPTIONS = { name: 'test', label: 'root' };

const motd = file('etc/motd', 'before', { component: 'files' });
const others: readonly PartialEntry[] = [
  file('etc/empty', ''),
  file('usr/lib/large', noise(3_000_000, 1), { component: 'large' }),
  file('usr/lib/same', noise(9000, 2), { component: 'large' }),
  file('usr/share/same', noise(9000, 2), { xattrs: { 'user.x': 'AAE=' } }),
  { path: 'usr/lib/link', type: 'symlink', link: 'large' },
  { path: 'dev/null', type: 'char', device: { major: 1, minor: 3 } },
  // Before the file that it is another name of.
  { path: 'usr/bin/second', type: 'hardlink', link: 'usr/lib/same' },
];
const tree = treeOf([motd, ...others]);

describe('keptErofsPlan()', () => {
  test('is that of planErofs(), made and recalled', async () => {
    const store = new MemoryStore();
    const want = await planErofs(tree, OPTIONS, store.context());
    for (const what of ['made', 'recalled']) {
      expect(plain(await keptErofsPlan(tree, OPTIONS, store.context())), what).toEqual(plain(want));
    }
    expect(plansIn(store)).toBe(1);
  });

  test.each([
    ['a content of the same length', [file('etc/motd', 'behind', { component: 'files' }), ...others], 1],
    ['a longer content', [motd, ...others].map(longer), 2],
    ['a content that is there twice', [motd, ...others, file('etc/again', 'before')], 2],
    ['one that was there twice', [motd, ...others.map(other)], 2],
    ['another mode', [{ ...motd, mode: 0o600 }, ...others], 2],
    ['another time', [{ ...motd, mtimeSeconds: 1 }, ...others], 2],
    ['another owner', [{ ...motd, uid: 1 }, ...others], 2],
    ['an attribute', [{ ...motd, xattrs: { 'user.x': 'AA==' } }, ...others], 2],
    ['another name', [{ ...motd, path: 'etc/issue' }, ...others], 2],
    ['another component', [{ ...motd, component: 'base' }, ...others], 2],
    [
      'another target',
      [motd, ...others.map((entry) => (entry.type === 'symlink' ? { ...entry, link: 'same' } : entry))],
      2,
    ],
    [
      'another device',
      [motd, ...others.map((entry) => (entry.device ? { ...entry, device: { major: 1, minor: 5 } } : entry))],
      2,
    ],
  ] as const)('serves, or not, after %s, and gives the same bytes as a new one', async (_, changed, count) => {
    const store = new MemoryStore();
    await encodeErofsRoot(tree, OPTIONS, store.context());
    const image = await encodeErofsRoot(treeOf(changed), OPTIONS, store.context());
    expect(plansIn(store)).toBe(count);
    const anew = await encodeErofsRoot(treeOf(changed), OPTIONS, new MemoryStore().context());
    expect(image.regions).toEqual(anew.regions);
    expect((await bufferOf(image)).equals(await bufferOf(anew))).toBe(true);
  });

  test('is made again for another name', async () => {
    const store = new MemoryStore();
    for (const name of ['one', 'two']) await keptErofsPlan(tree, { ...OPTIONS, name }, store.context());
    expect(plansIn(store)).toBe(2);
  });

  test('is made again where what was kept is damaged', async () => {
    const store = new MemoryStore();
    const want = plain(await keptErofsPlan(tree, OPTIONS, store.context()));
    const [, range] = [...store.memos].find(([key]) => key.startsWith('erofs-plan ')) ?? [];
    const bytes = range && store.blobs.get(range.blob);
    bytes?.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    expect(plain(await keptErofsPlan(tree, OPTIONS, store.context()))).toEqual(want);
  });
});

describe('encodeErofsRoot()', () => {
  test('has another region key where a content is another one, and only there', async () => {
    const keysOf = async (entries: readonly PartialEntry[]) =>
      (await encodeErofsRoot(treeOf(entries), OPTIONS, new MemoryStore().context())).regions.map(({ key }) => key);
    const before = await keysOf([motd, ...others]);
    const after = await keysOf([file('etc/motd', 'behind', { component: 'files' }), ...others]);
    expect(after.filter((key, index) => key !== before[index])).toHaveLength(1);
  });

  test('refuses an empty content that is not what the tree says', async () => {
    const { content } = file('a', 'something');
    const wrong = { path: 'etc/empty', type: 'file', content: { ...content, bytes: Buffer.alloc(0), sizeBytes: 0 } };
    const image = await encodeErofsRoot(treeOf([wrong as PartialEntry]), OPTIONS, new MemoryStore().context());
    await expect(bufferOf(image)).rejects.toThrow('Cannot encode etc/empty');
  });
});

function longer(entry: PartialEntry): PartialEntry {
  return entry.path === 'etc/motd' ? file(entry.path, 'and longer', { component: 'files' }) : entry;
}

function other(entry: PartialEntry): PartialEntry {
  return entry.path === 'usr/share/same'
    ? { ...file(entry.path, noise(9000, 3)), xattrs: { 'user.x': 'AAE=' } }
    : entry;
}

function plansIn(store: MemoryStore): number {
  return store.made.filter((key) => key.startsWith('erofs-plan ')).length;
}

function plain({ cellCount, cells }: Awaited<ReturnType<typeof planErofs>>) {
  return {
    cellCount,
    cells: cells.map(({ place, key, used, written, bytes, reads, copies }) => ({
      ...{ place, key, bytes: bytes.toString('hex') },
      lists: [used, written, reads, copies].map((list) => Array.from(list)),
    })),
  };
}
