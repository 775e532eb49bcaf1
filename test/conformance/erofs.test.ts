import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noise } from '../../provider/src/encode/block-image.fixture.js';
import type { BlockImage } from '../../provider/src/encode/block-image.js';
import { type RootEntry, wantedEntries } from '../../provider/src/encode/erofs-image.fixture.js';
import { encodeErofsRoot } from '../../provider/src/encode/erofs-root.js';
import { file, MemoryStore, treeOf } from '../../provider/src/encode/tree.fixture.js';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';

const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('base64');
const LIST = Buffer.from(
  '0200000001000600ffffffff02000400b80b000004000400ffffffff10000600ffffffff20000400ffffffff',
  'hex',
);
const TREE = treeOf([
  file('etc/motd', 'hello', { uid: 1, gid: 2, mtimeSeconds: 1 }),
  file('etc/empty', ''),
  file('usr/bin/large', noise(3_000_000, 1), { mode: 0o4755, uid: 3_000_000, gid: 70_000, component: 'large' }),
  file('usr/bin/copy of large', noise(3_000_000, 1), { component: 'other' }),
  file('usr/bin/medium', noise(300_000, 2), { component: 'large' }),
  file('usr/bin/small', noise(9000, 3), { xattrs: { 'security.capability': CAPABILITY, 'user.x': 'AAE=' } }),
  file('usr/bin/same', noise(9000, 3), { xattrs: { 'user.large': noise(3000, 9).toString('base64') } }),
  file('usr/bin/listed', 'x', { mode: 0o664, xattrs: { 'system.posix_acl_access': LIST.toString('base64') } }),
  file('usr/bin/exact', noise(8192, 4)),
  file('usr/bin/tail', noise(6000, 4), { xattrs: { 'trusted.x': Buffer.alloc(5000, 7).toString('base64') } }),
  { path: 'usr/bin/again', type: 'hardlink', link: 'usr/bin/small', component: 'other' },
  { path: 'bin', type: 'symlink', link: 'usr/bin', uid: 5 },
  { path: 'long', type: 'symlink', link: 'x'.repeat(3000) },
  { path: 'dev/null', type: 'char', device: { major: 1, minor: 3 }, mode: 0o666 },
  { path: 'dev/big', type: 'block', device: { major: 259, minor: 70000 } },
  { path: 'run/pipe', type: 'fifo', mode: 0o600 },
  file('!before the dots', 'x'),
  { path: 'sticky', type: 'directory', mode: 0o1777, uid: 7 },
  ...Array.from({ length: 600 }, (_, i) => file(`many/file number ${i}`, `${i}`)),
  ...Array.from({ length: 40 }, (_, i) => file(`${'deep/'.repeat(i)}f`, noise(500 * i, i))),
]);

/** The same referees, each for what it can see: Debian 12's fsck.erofs gives back neither attributes nor hard links. */
describe('EROFS', () => {
  skipAllBecause(missingPrograms('fsck.erofs', 'dump.erofs', 'python3'));
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-erofs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function imageFile(): Promise<string> {
    const path = join(folder, 'root.img');
    await write(path, await encodeErofsRoot(TREE, { name: 'test' }, new MemoryStore().context()));
    return path;
  }

  it('is clean for fsck.erofs, and extracted as the tree is', async () => {
    const path = await imageFile();
    const out = join(folder, 'out');
    execFileSync('fsck.erofs', [`--extract=${out}`, path]);
    const isRoot = process.getuid?.() === 0;
    // It gives symlinks all permissions, and sets the owner after the mode, which clears the set-user-ID bit.
    const visible = ({ linkCount: _, inode: __, xattrs: ___, ...entry }: RootEntry): object => ({
      ...entry,
      mode: (entry.mode & 0o170000) === 0o120000 ? 0o120777 : entry.mode & ~0o6000,
      ...(isRoot ? undefined : { uid: 0, gid: 0 }),
    });
    const listing = execFileSync('python3', ['-c', LISTING], { cwd: out, maxBuffer: 1 << 28, encoding: 'utf8' });
    expect((JSON.parse(listing) as RootEntry[]).map(visible)).toEqual(wantedEntries(TREE).map(visible));
  });

  it('is what dump.erofs expects', async () => {
    const path = await imageFile();
    const summary = execFileSync('dump.erofs', ['-s', path], { encoding: 'utf8' });
    expect(summary).toMatch(/features: +sb_csum mtime chunked_file/);
    const inode = execFileSync('dump.erofs', ['--path=/usr/bin/small', path], { encoding: 'utf8' });
    expect(inode).toMatch(/Size: 9000/);
    expect(inode).toMatch(/Links: 2/);
  });

  it('is mounted by this kernel, with all attributes and hard links', async (context) => {
    const path = await imageFile();
    const problem = cannotMount();
    if (problem !== undefined) skipBecause(context, problem);
    const target = join(folder, 'mounted');
    mkdirSync(target);
    // In a name space of its own, so that nothing stays mounted whatever happens here.
    const script = 'mount -t erofs -o ro "$0" "$1" && cd "$1" && exec python3 -c "$2"';
    const output = execFileSync('unshare', ['--mount', 'sh', '-c', script, path, target, LISTING], {
      maxBuffer: 1 << 28,
      encoding: 'utf8',
    });
    const mounted = JSON.parse(output) as RootEntry[];
    expect(mounted).toEqual(wantedEntries(TREE));
  });
});

async function write(path: string, image: BlockImage): Promise<void> {
  await using target = await open(path, 'w');
  await target.truncate(image.sizeBytes);
  for await (const { offset, bytes } of image.pieces()) await target.write(bytes, 0, bytes.length, offset);
}

function cannotMount(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may mount, and this is another user';
  if (!readFileSync('/proc/filesystems', 'utf8').includes('\terofs\n')) return 'this kernel has no EROFS';
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this machine allows no name space of mounts';
  }
}

/** Python that lists the folder it runs in, as RootEntry: Node has no call for extended attributes. */
const LISTING = `
import os, stat, json, hashlib, base64
found = []
for folder, folders, files in os.walk(b'.'):
    for name in folders + files:
        path = os.path.join(folder, name)
        s = os.lstat(path)
        entry = dict(path=path[2:].decode('utf8', 'surrogateescape'), mode=s.st_mode, uid=s.st_uid, gid=s.st_gid,
            mtimeSeconds=int(s.st_mtime), linkCount=s.st_nlink, ino=s.st_ino, xattrs={})
        digest = lambda data: 'sha256:' + hashlib.sha256(data).hexdigest()
        if stat.S_ISREG(s.st_mode): entry['content'] = digest(open(path, 'rb').read())
        if stat.S_ISLNK(s.st_mode): entry['content'] = digest(os.readlink(path))
        if stat.S_ISBLK(s.st_mode) or stat.S_ISCHR(s.st_mode):
            entry['content'] = '%d:%d' % (os.major(s.st_rdev), os.minor(s.st_rdev))
        for key in os.listxattr(path, follow_symlinks=False):
            entry['xattrs'][key] = base64.b64encode(os.getxattr(path, key, follow_symlinks=False)).decode()
        found.append(entry)
found.sort(key=lambda entry: entry['path'])
first = {}
for entry in found: first.setdefault(entry['ino'], entry['path'])
for entry in found: entry['inode'] = first[entry.pop('ino')]
print(json.dumps(found))
`;
