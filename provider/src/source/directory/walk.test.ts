import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderDigest, readFound, walkFolder } from './walk.js';

let folder: string;
let root: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-walk-'));
  root = join(folder, 'root');
  mkdirSync(root);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const subject = { about: 'dir:root', signal: new AbortController().signal };
const walk = (path = root) => walkFolder(Buffer.from(path), subject);
const write = (path: string, text: string, mode = 0o644) => {
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
};

describe('walkFolder()', () => {
  test('lists parents first, by the bytes of the names', async () => {
    for (const path of ['b', 'a', 'a/sub']) mkdirSync(join(root, path));
    for (const path of ['a.txt', 'é', 'Z', 'a/sub/x']) write(path, path);
    const paths = (await walk()).map(({ path }) => path);
    expect(paths).toEqual(['Z', 'a', 'a/sub', 'a/sub/x', 'a.txt', 'b', 'é']);
  });

  test('keeps names that are not UTF-8', async () => {
    execFileSync('sh', ['-c', `printf x > "$1/$(printf 'caf\\351')"`, 'sh', root]);
    const [entry] = await walk();
    expect(entry).toMatchObject({ path: 'caf\udce9', content: { sizeBytes: 1 } });
  });

  test('takes links as they are, and follows none out of the folder', async () => {
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync('../secret', join(root, 'out'));
    symlinkSync('/etc', join(root, 'etc'));
    symlinkSync('nowhere', join(root, 'dangling'));
    const entries = await walk();
    expect(entries.map(({ path, type, link }) => [path, type, link])).toEqual([
      ['dangling', 'symlink', 'nowhere'],
      ['etc', 'symlink', '/etc'],
      ['out', 'symlink', '../secret'],
    ]);
  });

  test('knows the names of one file as hard links', async () => {
    write('a', 'text');
    linkSync(join(root, 'a'), join(root, 'b'));
    expect((await walk())[1]).toMatchObject({ path: 'b', type: 'hardlink', link: 'a' });
  });

  test.each([
    [0o644, 0o664],
    [0o755, 0o775],
    [0o2755, 0o2775],
  ])('does not tell mode %o from %o, which differ by the umask alone', async (one, other) => {
    write('a', '', one);
    const before = folderDigest(await walk());
    write('a', '', other);
    expect(folderDigest(await walk())).toBe(before);
  });

  test.each([
    ['the mode', () => write('a', 'text', 0o600)],
    ['a mode for everybody', () => write('a', 'text', 0o666)],
    ['the content', () => write('a', 'Text')],
    ['a name', () => renameSync(join(root, 'a'), join(root, 'b'))],
    ['a new folder', () => mkdirSync(join(root, 'new'))],
  ])('has another digest for %s', async (_, change) => {
    write('a', 'text');
    const before = folderDigest(await walk());
    change();
    expect(folderDigest(await walk())).not.toBe(before);
  });

  test('has the same digest at another time and in another place', async () => {
    write('a', 'text');
    const before = folderDigest(await walk());
    utimesSync(join(root, 'a'), 1, 1);
    renameSync(root, join(folder, 'moved'));
    expect(folderDigest(await walk(join(folder, 'moved')))).toBe(before);
  });

  test('refuses sockets with their path, and takes pipes without reading them', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(await walk()).toMatchObject([{ path: 'pipe', type: 'fifo' }]);
    const server = createServer().listen(join(root, 'socket'));
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      await expect(walk()).rejects.toThrow('Cannot use dir:root: socket is a socket; remove it');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('refuses names that delete files in images', async () => {
    write('.wh.a', '');
    await expect(walk()).rejects.toMatchObject({ code: 'unsupported', context: { path: '.wh.a' } });
  });
});

describe('readFound()', () => {
  const read = async (name: string, sizeBytes: number) => {
    for await (const _ of readFound(Buffer.from(root), { path: name, sizeBytes }, subject));
  };

  test('notices a file that became longer, shorter, or something else', async () => {
    write('a', 'text');
    await expect(read('a', 3)).rejects.toMatchObject({ code: 'changed' });
    await expect(read('a', 5)).rejects.toMatchObject({ code: 'changed' });
    symlinkSync('a', join(root, 'link'));
    await expect(read('link', 4)).rejects.toMatchObject({ code: 'changed' });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(read('pipe', 4)).rejects.toMatchObject({ code: 'changed' });
    await expect(read('gone', 4)).rejects.toMatchObject({ code: 'changed' });
  });
});
