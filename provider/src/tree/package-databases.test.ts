import { describe, expect, test } from 'vitest';
import type { TreeEntry } from '../model/index.js';
import { generated } from './generated.js';
import { installedPackages, packageDatabases } from './package-databases.js';

const APK = 'P:musl\nV:1.2\nA:x86_64\nL:MIT\no:musl\n\nP:no-version\n\n';

function entry(path: string, text: string): TreeEntry {
  const attributes = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeSeconds: 0, component: 'x' } as const;
  return { ...attributes, path, content: generated(text) };
}

const read = () => Promise.reject(new Error('nothing has to be read'));

describe('packageDatabases()', () => {
  test.each([
    ['lib/apk/db/installed', ''],
    ['usr/lib/apk/db/installed', ''],
    ['containers/services/web/lower/lib/apk/db/installed', 'containers/services/web/lower'],
    ['containers/services/web/lower/usr/lib/apk/db/installed', 'containers/services/web/lower'],
  ])('knows %s for the list of the root %j', async (path, root) => {
    const musl = { name: 'musl', version: '1.2', architecture: 'x86_64', source: { name: 'musl', version: '' } };
    expect(await packageDatabases([entry(path, APK)], read)).toEqual([
      { kind: 'apk', root, component: 'x', packages: [{ ...musl, licence: 'MIT' }] },
    ]);
  });

  test.each([
    ['var/lib/dpkg/status', ''],
    ['a/rootfs/var/lib/dpkg/status.d/libc6', 'a/rootfs'],
  ])('knows %s for a list of the root %j', async (path, root) => {
    const text =
      'Package: libc6\nVersion: 2.36\nArchitecture: amd64\nSource: glibc (2.35)\nStatus: install ok installed\n';
    const [database] = await packageDatabases([entry(path, text)], read);
    expect(database).toMatchObject({ kind: 'deb', root });
    expect(database?.packages).toEqual([
      {
        name: 'libc6',
        version: '2.36',
        architecture: 'amd64',
        source: { name: 'glibc', version: '2.35' },
        licence: '',
      },
    ]);
  });

  test('passes over other files, and over lists that are none', async () => {
    const entries = [
      entry('var/lib/dpkg/status.d/libc6.md5sums', 'x'),
      entry('var/lib/dpkg/status', 'no list\n'),
      entry('xlib/apk/db/installed', APK),
    ];
    expect(await installedPackages(entries, read)).toEqual([]);
  });
});
