import type { OciImageOptions } from '../../provider/src/encode/oci-image.js';
import { file, treeOf } from '../../provider/src/encode/tree.fixture.js';
import { sha256 } from '../../provider/src/model/digest.js';
import type { Tree } from '../../provider/src/model/tree.js';
import { line } from './oci-images.js';

export const OPTIONS: OciImageOptions = { image: sha256('lock'), platform: 'linux/amd64', sourceDateEpoch: 1492533000 };

/** Several kinds of components, names of one file in two of them, and all that a root has. */
export const TREE: Tree = {
  ...treeOf([
    file('bin/busybox', 'busybox', { mode: 0o4755 }),
    { path: 'bin/sh', type: 'hardlink', link: 'bin/busybox', component: 'services/web' },
    { path: 'init', type: 'symlink', link: '/bin/busybox' },
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'usr/lib', type: 'directory', component: 'services/web', mode: 0o711, gid: 7 },
    file('usr/lib/early', 'a', { component: 'services/web', uid: 33, gid: 33, mtimeSeconds: 5 }),
    file('usr/lib/late', 'b'.repeat(100_000), { component: 'files' }),
    file(`usr/lib/${'long/'.repeat(60)}name`, 'c', { component: 'files' }),
    file('usr/lib/größe', '', { component: 'files' }),
    file('usr/lib/capable', 'd', {
      component: 'files',
      xattrs: { 'user.note': Buffer.from([0, 128, 255]).toString('base64') },
    }),
    { path: 'var/pipe', type: 'fifo', component: 'files' },
  ]),
  components: [
    { id: 'base', kind: 'init' },
    { id: 'services/web', kind: 'image' },
    { id: 'files', kind: 'files' },
  ],
};

/** As listFolder() shows it, but for the pipe, which it does not know. */
export const LISTING = TREE.entries
  .filter(({ type }) => type !== 'fifo')
  .map((entry) => {
    const owner = entry.type === 'hardlink' ? TREE.entries.find(({ path }) => path === entry.link) : entry;
    const { mode, uid, gid } = owner ?? entry;
    const digest = entry.content?.sha256.slice('sha256:'.length);
    const what = entry.type === 'hardlink' ? `= ${entry.link}` : (entry.link ?? digest ?? '');
    const type = entry.type === 'hardlink' ? 'file' : entry.type;
    return line({ path: entry.path, type, mode, uid, gid, what });
  })
  .sort();
