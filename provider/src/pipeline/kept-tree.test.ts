import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digest, sha256 } from '../model/digest.js';
import type { Lock } from '../model/lock.js';
import type { Content, Tree } from '../model/tree.js';
import { Store } from '../store/store.js';
import { keepTree, recallTree, treeKey } from './kept-tree.js';
import type { Workshop } from './workshop.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let folder: string;
let store: Store;
let nowMs = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-kept-'));
  store = await Store.open(folder);
  nowMs = DAY_MS;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const workshop = () =>
  ({
    ...{ store, now: () => new Date(nowMs), signal: new AbortController().signal, progress: () => undefined },
    directory: folder,
  }) as unknown as Workshop;

async function stored(text: string): Promise<Content> {
  const { digest: blob, sizeBytes } = await store.put(Buffer.from(text));
  return { blob, offset: 0, sizeBytes, sha256: blob };
}

function made(text: string): Content {
  return { bytes: Buffer.from(text), sizeBytes: text.length, sha256: sha256(text) };
}

function lockOf(files: Record<string, Content>, more: Partial<Lock> = {}): Lock {
  const locked = Object.entries(files).map(([key, { sha256: digest, sizeBytes }]) => [key, { digest, sizeBytes }]);
  return {
    ...{ version: 1, recipe: 2, platform: 'linux/amd64', suite: 'trixie', sourceDateEpoch: 0, spec: {}, pins: {} },
    ...{ files: Object.fromEntries(locked), guest: null, ...more },
  } as Lock;
}

function treeOf(program: Content, motd: Content): Tree {
  const plain = { mode: 0o755, uid: 1, gid: 2, mtimeSeconds: 3 };
  return {
    components: [
      { id: 'services/web', kind: 'package' },
      { id: 'files', kind: 'files' },
    ],
    entries: [
      { ...plain, path: 'dev', type: 'directory', component: 'services/web' },
      { ...plain, path: 'dev/sda', type: 'block', device: { major: 8, minor: 1 }, component: 'services/web' },
      { ...plain, path: 'empty', type: 'file', content: made(''), component: 'services/web' },
      { ...plain, path: 'made', type: 'file', content: made('made here'), component: 'services/web' },
      { ...plain, path: 'motd', type: 'file', content: motd, component: 'files' },
      { ...plain, path: 'name\udc80', type: 'symlink', link: 'motd', component: 'files' },
      {
        ...{ ...plain, path: 'program', type: 'file', content: program, component: 'services/web' },
        xattrs: { 'security.capability': 'AAAA' },
      },
      { ...plain, path: 'second', type: 'hardlink', link: 'program', component: 'services/web' },
    ],
  };
}

async function keep(motd: Content) {
  const program = await stored('program');
  const tree = treeOf(program, motd);
  const lock = lockOf({ 0: motd });
  const layer = { digest: sha256('layer'), entries: [], package: { name: 'web', version: '1' } };
  const input = { lock, roots: new Map([['deb:web', [layer]]]), files: new Map([[0, motd]]), read: store.read };
  await keepTree(treeKey(lock), { tree, input }, workshop());
  return { program, input };
}

async function recall(motd: Content) {
  const lock = lockOf({ 0: motd });
  return recallTree(treeKey(lock), { lock, sources: {} }, workshop());
}

describe('recallTree()', () => {
  test('gives the tree that keepTree() has kept, with the files of the user as they are now', async () => {
    const { program, input } = await keep(await stored('before'));
    const after = await stored('after');
    const recalled = await recall(after);
    const want = treeOf(program, after);
    const seen = ({ entries, components }: Tree) => ({
      components,
      entries: entries.map(({ content, ...rest }) => [rest, content?.sha256, content?.sizeBytes]),
    });
    expect(recalled && seen(recalled.tree)).toEqual(seen(want));
    expect(recalled?.tree.entries[4]?.content).toEqual(after);
    expect(recalled?.input.roots).toEqual(input.roots);
    const content = recalled?.tree.entries[3]?.content;
    expect(content && 'blob' in content && String(await store.read(content))).toBe('made here');
  });

  test('gives nothing after a day, and where something of it has gone', async () => {
    const motd = await stored('text');
    const { program } = await keep(motd);
    expect(await recall(motd)).toBeDefined();
    nowMs += DAY_MS + 1;
    expect(await recall(motd)).toBeUndefined();
    nowMs -= DAY_MS;
    await rm(store.pathOf((program as { blob: Digest }).blob));
    expect(await recall(motd)).toBeUndefined();
  });
});

describe('treeKey()', () => {
  const text = made('x');
  test.each([
    ['a certificate', lockOf({ 0: text, 'ca[0]': made('other') })],
    ['a file more', lockOf({ 0: text, 1: text, 'ca[0]': text })],
    ['the spec', lockOf({ 0: text, 'ca[0]': text }, { spec: { hostname: 'web' } } as Partial<Lock>)],
  ])('is another one for another %s', (_, other) => {
    expect(treeKey(other)).not.toBe(treeKey(lockOf({ 0: text, 'ca[0]': text })));
  });

  test('is the same for another content of a file', () => {
    expect(treeKey(lockOf({ 0: text }))).toBe(treeKey(lockOf({ 0: made('longer') })));
  });
});
