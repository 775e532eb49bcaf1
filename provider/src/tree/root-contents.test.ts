import { describe, expect, test } from 'vitest';
import { sha256, type TreeEntry } from '../model/index.js';
import { installedPackages } from './package-databases.js';
import { describeRoot } from './root-contents.js';

function tree(files: Readonly<Record<string, string>>, rest: Partial<TreeEntry> = {}): TreeEntry[] {
  return Object.entries(files).map(([path, text]) => {
    const bytes = Buffer.from(text);
    const content = { bytes, sizeBytes: bytes.length, sha256: sha256(bytes) };
    return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, component: '', content, ...rest };
  });
}

async function read(): Promise<never> {
  throw new Error('nothing lies in a store here');
}

const DPKG = `Package: base-files
Status: install ok installed
Priority: required
Version: 13.8
Description: Debian base system miscellaneous files
 It goes on.

Package: gone
Status: deinstall ok config-files
Version: 1
`;
const APK = 'C:Q1\nP:musl\nV:1.2.5-r9\nA:x86_64\nF:lib\n\nP:busybox\nV:1.37.0-r12\n\n';

describe('installedPackages()', () => {
  test.each([
    ['var/lib/dpkg/status', DPKG, ['base-files 13.8']],
    ['containers/services/web/lower/var/lib/dpkg/status', DPKG, ['base-files 13.8']],
    ['var/lib/dpkg/status.d/tzdata', 'Package: tzdata\nVersion: 2025b-4\n', ['tzdata 2025b-4']],
    ['lib/apk/db/installed', APK, ['musl 1.2.5-r9', 'busybox 1.37.0-r12']],
    ['containers/onboot/000-sysctl/rootfs/usr/lib/apk/db/installed', APK, ['musl 1.2.5-r9', 'busybox 1.37.0-r12']],
    ['var/lib/dpkg/status.d/tzdata.md5sums', 'Package: no\nVersion: 1\n', []],
    ['srv/lib/apk/db/installed.old', APK, []],
    ['var/lib/dpkg/status', 'not a list', []],
    ['var/lib/dpkg/status', 'Package: a\nPackage: b\n', []],
    ['lib/apk/db/installed', '\0\xff', []],
  ])('reads %s', async (path, text, packages) => {
    const found = await installedPackages(tree({ [path]: text }), read);
    expect(found.map(({ name, version }) => `${name} ${version}`)).toEqual(packages);
  });
});

describe('describeRoot()', () => {
  test('says what follows from the files of a root', async () => {
    const contents = await describeRoot(
      tree({
        'boot/cmdline': 'console=ttyS0',
        'containers/services/web/config.json': JSON.stringify({ process: { args: ['nginx', '-g', 'x'] } }),
        'containers/services/web/runtime.json': '{}',
        'containers/services/broken/config.json': '{',
        'containers/services/web/rootfs/etc/passwd': 'www:x:33:33:::\n',
        'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
        'lib/apk/db/installed': APK,
        'usr/lib/modules/6.12.1/kernel/a.ko': '',
        'usr/lib/modules/6.12.1/kernel/b.ko.xz': '',
        'usr/lib/modules/6.12.1/modules.dep': '',
      }),
      read,
    );
    expect(contents).toMatchObject({
      packages: { busybox: '1.37.0-r12', musl: '1.2.5-r9' },
      kernel: { version: '6.12.1', commandLine: 'console=ttyS0', modules: 2 },
      users: { root: '0', 'web/www': '33' },
      services: {
        web: expect.stringMatching(/^nginx -g x [0-9a-f]{12}$/),
        broken: expect.stringMatching(/^[0-9a-f]{12}$/),
      },
      sizes: { files: 10 },
    });
  });
});
