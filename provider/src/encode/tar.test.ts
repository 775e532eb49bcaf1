import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import type { Tree } from '../model/tree.js';
import { EncodeError } from './error.js';
import { encodeTar } from './tar.js';
import { file, MemoryStore, type PartialEntry, treeOf } from './tree.fixture.js';

async function tarOf(tree: Tree, store = new MemoryStore()): Promise<Buffer> {
  const [encoded] = await encodeTar(tree, store.context());
  expect(encoded?.role).toBe('tar');
  return buffer(encoded?.bytes() as AsyncIterable<Uint8Array>);
}

const CAPABILITY = 'AQAAAoAAAAAAAAAAAAAAAAAAAAA=';

const MIXED: readonly PartialEntry[] = [
  file('boot/kernel', 'the kernel'),
  { path: 'bin/alias', type: 'hardlink', link: 'bin/tool', component: 'tools' },
  file('bin/tool', 'tool', { mode: 0o4755, component: 'tools', xattrs: { 'security.capability': CAPABILITY } }),
  { path: 'bin/short', type: 'symlink', link: 'tool', mode: 0o777 },
  { path: 'dev/console', type: 'char', mode: 0o600, device: { major: 5, minor: 1 } },
  { path: 'run/pipe', type: 'fifo', mode: 0o600 },
  file(`etc/${'long'.repeat(40)}`, 'höhe\n', { uid: 3_000_000, gid: 200, component: 'files' }),
  file('caf\udce9', 'latin1'),
];

describe('encodeTar()', () => {
  const missing = ['tar', 'bsdtar'].filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  const why = missing.length > 0 ? ` (not run: no ${missing.join(', ')} here)` : '';
  test.skipIf(why !== '').each(['tar', 'bsdtar'])(`is listed by %s in the order of the tree${why}`, async (tool) => {
    const archive = await tarOf(treeOf(MIXED));
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
    const listed = execFileSync(tool, ['-tf', '-'], { input: archive, env });
    const names = listed.toString('latin1').replace('caf\\351', 'caf\xe9').split('\n').slice(0, -1);
    const tree = treeOf(MIXED).entries.map(({ path, type }) =>
      (type === 'directory' ? `${path}/` : path).replace('\udce9', '\xe9'),
    );
    expect(names).toEqual(tree);
  });

  test('writes the first name of a file with its body, and the others as links to it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ingot-tar-'));
    try {
      const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
      const entries = MIXED.filter(({ type }) => type !== 'char').map((entry) => ({ ...entry, ...own }));
      execFileSync('tar', ['-xpf', '-', '-C', folder], { input: await tarOf(treeOf(entries)) });
      expect(statSync(join(folder, 'bin/tool')).ino).toBe(statSync(join(folder, 'bin/alias')).ino);
      expect(statSync(join(folder, 'bin/alias')).size).toBe(4);
      expect(statSync(join(folder, 'bin/alias')).mode & 0o7777).toBe(0o4755);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('gives the same bytes each time, however they are read', async () => {
    const store = new MemoryStore({ chunkBytes: 333 });
    const blob = store.put(Buffer.alloc(3_000_000, 'layer'));
    const tree = treeOf([
      ...MIXED,
      store.stored('big', { blob, offset: 512, sizeBytes: 2_500_000 }),
      store.stored('small', { blob, offset: 7, sizeBytes: 70 }),
    ]);
    const first = await tarOf(tree, store);
    expect(first.length % 512).toBe(0);
    expect((await tarOf(tree, store)).equals(first)).toBe(true);
  });

  test('gives the bytes that it always gave', async () => {
    // A change here changes every image: raise RECIPE, and say why in the commit.
    expect(sha256(await tarOf(treeOf(MIXED)))).toBe(GOLDEN);
  });

  test('says so, when an entry does not fit, before anything is written', async () => {
    const tree = treeOf([{ path: 'dev', type: 'char', device: { major: 2 ** 22, minor: 0 } }]);
    await expect(encodeTar(tree, new MemoryStore().context())).rejects.toThrow(EncodeError);
    await expect(encodeTar(tree, new MemoryStore().context())).rejects.toThrow('device.major 4194304 does not fit');
  });
});

const GOLDEN = 'sha256:467cbbbd59ae1a6c7d9b9b6937dd400aaedf5dceb5af61d7bdcfed782b154570';
