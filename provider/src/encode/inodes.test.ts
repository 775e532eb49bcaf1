import { describe, expect, test } from 'vitest';
import { EncodeError } from './error.js';
import { namesOf, resolveInodes } from './inodes.js';
import { file, type PartialEntry, treeOf } from './tree.fixture.js';

const resolved = (entries: readonly PartialEntry[]) => resolveInodes(treeOf(entries).entries);

describe('resolveInodes()', () => {
  test('gives a hard link what the file has, and its own path and component', () => {
    const [first, second] = resolved([
      { path: 'a', type: 'hardlink', link: 'b', mode: 0, component: 'other' },
      file('b', 'text', { mode: 0o755, uid: 7 }),
    ]);
    expect(first).toEqual({ ...second, path: 'a', component: 'other' });
    expect(second).toMatchObject({ path: 'b', component: 'base', mode: 0o755, uid: 7, inode: 'b' });
  });

  test('makes another name of a symlink a symlink of its own', () => {
    const [first, second] = resolved([
      { path: 'a', type: 'symlink', link: 'target' },
      { path: 'b', type: 'hardlink', link: 'a' },
    ]);
    expect(second).toEqual({ ...first, path: 'b', inode: 'b' });
  });

  test.each([
    ['nothing', { path: 'x', type: 'hardlink', link: 'nowhere' }],
    ['a folder', { path: 'x', type: 'hardlink', link: 'd' }],
    ['a hard link', { path: 'x', type: 'hardlink', link: 'h' }],
    ['itself', { path: 'x', type: 'hardlink', link: 'x' }],
  ] as [string, PartialEntry][])('throws for a hard link to %s', (_, link) => {
    const others: PartialEntry[] = [
      { path: 'd', type: 'directory' },
      { path: 'h', type: 'hardlink', link: 'f' },
      file('f', ''),
    ];
    expect(() => resolved([...others, link])).toThrow(EncodeError);
  });
});

describe('namesOf()', () => {
  test('lists the names of files that have several, in the order of the entries', () => {
    const entries = resolved([
      { path: 'a', type: 'hardlink', link: 'b' },
      file('b', ''),
      { path: 'c', type: 'hardlink', link: 'b' },
      file('d', ''),
    ]);
    expect([...namesOf(entries)]).toEqual([['b', ['a', 'b', 'c']]]);
  });
});
