import { describe, expect, test } from 'vitest';
import type { TreeEntry } from '../model/tree.js';
import { checkTree } from './check-tree.js';
import { EncodeError } from './error.js';
import { file, treeOf } from './tree.fixture.js';

const GOOD = treeOf([file('d/f', 'text')]);
const other = (change: Partial<TreeEntry>) => ({ ...(GOOD.entries[1] as TreeEntry), ...change });

describe('checkTree()', () => {
  test('says nothing of a tree that keeps the rules', () => {
    expect(() => checkTree(GOOD)).not.toThrow();
  });

  test.each([
    ['a path that leaves the root', other({ path: 'd/../../f' })],
    ['an absolute path', other({ path: '/d/g' })],
    ['an empty path', other({ path: '' })],
    ['the same path again', other({})],
    ['a folder that is not there', other({ path: 'e/f' })],
    ['a folder that is a file', other({ path: 'd/f/g' })],
    ['an unknown component', other({ path: 'g', component: 'nobody' })],
    ['a device without number', other({ path: 'g', type: 'char' })],
    ['a link without target', other({ path: 'g', type: 'symlink' })],
  ])('throws for %s', (_, entry) => {
    expect(() => checkTree({ ...GOOD, entries: [...GOOD.entries, entry] })).toThrow(EncodeError);
  });

  test('throws for a file without content', () => {
    const { content: _, ...bare } = other({ path: 'g' });
    expect(() => checkTree({ ...GOOD, entries: [...GOOD.entries, bare] })).toThrow(
      'Cannot encode "g": it is a file without content',
    );
  });
});
