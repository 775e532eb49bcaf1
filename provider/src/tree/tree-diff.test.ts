import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EntryType, sha256, type TreeEntry } from '../model/index.js';
import { sortByPath } from './byte-order.js';
import { type EntryChange, entryChanges, isSetuid } from './tree-diff.js';

type Options = Partial<TreeEntry> & { readonly text?: string };

function entry(path: string, { text, ...rest }: Options = {}): TreeEntry {
  const type = rest.type ?? 'file';
  const bytes = Buffer.from(text ?? '');
  const content = { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
  return {
    path,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: 7,
    component: 'files',
    ...rest,
    type,
    ...(type === 'file' ? { content } : {}),
  };
}

function told(changes: readonly EntryChange[]): string[] {
  return changes.map(({ path, kind, aspects }) => [kind, path, ...aspects].join(' '));
}

describe('entryChanges()', () => {
  const CASES: readonly [string, Options, Options, string[]][] = [
    ['nothing', { text: 'a' }, { text: 'a', component: 'other' }, []],
    ['content', { text: 'a' }, { text: 'b' }, ['content']],
    ['mode', { mode: 0o644 }, { mode: 0o600 }, ['mode']],
    ['setuid', { mode: 0o755 }, { mode: 0o4755 }, ['mode', 'setuid']],
    ['owner', { uid: 1 }, { gid: 1 }, ['owner']],
    ['time', {}, { mtimeSeconds: 8 }, ['time']],
    ['xattrs', {}, { xattrs: { 'security.capability': 'AQ==' } }, ['xattrs']],
    ['type', { text: 'a', uid: 3 }, { type: 'symlink', link: 'b' }, ['type']],
    ['link', { type: 'symlink', link: 'a' }, { type: 'symlink', link: 'b' }, ['link']],
    [
      'device',
      { type: 'char', device: { major: 1, minor: 3 } },
      { type: 'char', device: { major: 1, minor: 5 } },
      ['device'],
    ],
  ];
  test.each(CASES)('tells what differs of one path: %s', (_name, before, after, aspects) => {
    expect(entryChanges([entry('x', before)], [entry('x', after)]).flatMap((change) => change.aspects)).toEqual(
      aspects,
    );
  });

  test('tells a hard link as the file that it names, whichever of its names has the body', () => {
    const one = [entry('a', { text: 'x' }), entry('b', { type: 'hardlink', link: 'a' })];
    const other = [entry('a', { type: 'hardlink', link: 'b' }), entry('b', { text: 'x' })];
    expect(entryChanges(one, other)).toEqual([]);
    const apart = [entry('a', { text: 'x' }), entry('b', { text: 'x' })];
    expect(told(entryChanges(one, apart))).toEqual(['changed a names', 'changed b names']);
    const changed = [entry('a', { text: 'y' }), entry('b', { type: 'hardlink', link: 'a' })];
    expect(told(entryChanges(one, changed))).toEqual(['changed a content', 'changed b content']);
  });

  test('takes a hard link to nothing for a file', () => {
    expect(told(entryChanges([], [entry('a', { type: 'hardlink', link: 'gone' })]))).toEqual(['added a']);
  });

  test('finds what a comparison path by path finds, in the order of bytes', () => {
    // Characters whose order differs between UTF-16 and bytes are among them.
    const path = fc.constantFrom('a', 'a/b', 'a-b', 'é', '\u{1F600}', '\uffee', 'caf\udce9', 'z');
    const type = fc.constantFrom<EntryType>('file', 'directory', 'fifo');
    const tree = fc
      .uniqueArray(fc.record({ path, type, text: fc.constantFrom('', 'x'), mode: fc.constantFrom(0o644, 0o600) }), {
        selector: (one) => one.path,
      })
      .map((entries) => sortByPath(entries.map(({ path: at, ...rest }) => entry(at, rest))));
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const changes = entryChanges(before, after);
        const [old, now] = [before, after].map((entries) => new Map(entries.map((one) => [one.path, one])));
        const differs = (at: string) => {
          const [left, right] = [old?.get(at), now?.get(at)];
          if (left?.type !== right?.type || left?.mode !== right?.mode) return true;
          return left?.content?.sha256 !== right?.content?.sha256;
        };
        const all = sortByPath([...new Set([...before, ...after].map((one) => one.path))].map((at) => ({ path: at })));
        expect(changes.map((change) => change.path)).toEqual(all.map((one) => one.path).filter(differs));
        expect(entryChanges(after, before)).toHaveLength(changes.length);
      }),
    );
  });
});

test('isSetuid() tells files that run as their owner or group', () => {
  expect(isSetuid({ type: 'file', mode: '2755' })).toBe(true);
  expect(isSetuid({ type: 'directory', mode: '2755' })).toBe(false);
  expect(isSetuid({ type: 'file', mode: '1755' })).toBe(false);
});
