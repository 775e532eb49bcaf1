import { describe, expect, test } from 'vitest';
import type { Layer, Spec, Tree } from '../model/index.js';
import { assemble } from './assemble.js';
import { describe as describeTree } from './contents.js';
import { deb, inputOf, layer, listing, lockOf, program, textIn } from './layers.fixture.js';

const guest = {
  layers: [
    deb('busybox-static', { 'usr/bin/busybox': program('guest') }),
    deb('libc6', { 'usr/lib/libc.so.6': 'libc' }),
  ],
  root: {
    picks: [
      { package: 'busybox-static', from: 'usr/bin/busybox' },
      { package: 'libc6', from: 'usr/lib/libc.so.6' },
    ],
    files: [
      { path: 'init', mode: 0o755, bytes: Buffer.from('#!/bin/sh\n') },
      { path: 'usr/bin/sh', mode: 0o777, link: 'busybox' },
    ],
  },
  initramfs: { picks: [], files: [] },
};
const guestLock = { version: 1, pin: { kind: 'debian' as const, suite: 'trixie', packages: [] } };

function withGuest(layers: readonly Layer[], spec: Spec = {}): Promise<Tree> {
  const whole: Spec = { packages: ['tool'], ...spec };
  const pins = { 'deb:tool': { kind: 'debian' as const, suite: 'trixie', packages: [] } };
  const lock = lockOf(whole, { guest: guestLock, pins });
  return assemble(inputOf(whole, { 'deb:tool': layers }, { lock, guest }));
}

const tool = deb('tool', {
  'usr/bin/tool': program(),
  'usr/lib/sysusers.d/tool.conf': 'u tool 250 - /var/lib/tool\nm tool tty\n',
  'usr/lib/tmpfiles.d/tool.conf': 'd /var/lib/tool 0750 tool tool\n',
});
const libc = deb('libc6', { 'usr/lib/libc.so.6': 'libc' });

describe('layPackages()', () => {
  test('lays packages with their fix-ups into the root, each as a component', async () => {
    const tree = await withGuest([libc, tool]);
    expect(listing(tree)).toMatchObject({
      'usr/bin/tool': '0755 0:0 2',
      'var/lib/tool': '0750 250:250 directory',
      'var/lib/dpkg/status.d/tool': expect.any(String),
      init: '0755 0:0 10',
    });
    const componentOf = (path: string) => tree.entries.find((entry) => entry.path === path)?.component;
    expect(componentOf('usr/bin/tool')).toBe('packages/tool');
    expect(componentOf('usr')).toBe('init');
    // The same file in both is there once, and the init's.
    expect(componentOf('usr/lib/libc.so.6')).toBe('init');
    expect(tree.components.map(({ id }) => id)).toContain('packages/tool');
  });

  test('are one line in what is said of an image', async () => {
    const spec: Spec = { packages: ['tool'] };
    const input = inputOf(spec, { 'deb:tool': [libc, tool] }, { lock: lockOf(spec, { pins: {} }) });
    const { components, packages } = await describeTree(await assemble(input), input);
    expect(Object.keys(components)).toContain('packages');
    expect(Object.keys(components).filter((id) => /packages?\//.test(id))).toEqual([]);
    expect(packages).toEqual({ libc6: '1.0-1', tool: '1.0-1' });
  });

  test('adds their users to those of the init', async () => {
    const tree = await withGuest([tool]);
    expect(await textIn(tree, 'etc/passwd')).toMatch(
      /^root:x:0:0:root:\/root:\/bin\/sh\nnobody:.*\n(.*\n)*tool:x:250:250:/,
    );
    expect(await textIn(tree, 'etc/group')).toMatch(/^root:x:0:\ntty:x:5:tool\n(.*\n)*tool:x:250:\n/);
    expect(await textIn(tree, 'etc/shadow')).toMatch(/\ntool:\*:/);
  });

  test('lets no package take the place of a file of the init', async () => {
    const evil = deb('evil', {
      init: program('evil'),
      'usr/bin/sh': { link: '/bin/evil' },
      'usr/bin/busybox': program('evil'),
      'etc/passwd': 'root::0:0::/:/bin/evil\n',
      'etc/hosts': 'evil',
    });
    const [plain, tree] = [await withGuest([]), await withGuest([evil])];
    const kept = listing(plain);
    for (const path of ['init', 'usr/bin/sh', 'usr/bin/busybox', 'etc/hosts', 'usr/lib', 'bin']) {
      expect(listing(tree)[path], path).toEqual(kept[path]);
    }
    expect(await textIn(tree, 'usr/bin/busybox')).toBe('guest');
    expect(await textIn(tree, 'etc/passwd')).toMatch(/^root:x:0:0:root/);
  });

  test('changes nothing of the init’s own part', async () => {
    const init = ({ entries }: Tree) => entries.filter(({ component }) => component === 'init');
    const accounts = ['etc/passwd', 'etc/group', 'etc/shadow'];
    const without = init(await withGuest([])).filter(({ path }) => !accounts.includes(path));
    expect(init(await withGuest([tool, libc]))).toEqual(without);
  });

  test('finds folders of the init behind its links', async () => {
    const init = layer({ 'usr/bin': null, 'usr/sbin': { link: 'bin' }, 'usr/bin/init': program() });
    const spec = { init: ['x'], packages: ['tool'] };
    const pins = { ...lockOf(spec).pins, 'deb:tool': { kind: 'debian' as const, suite: 'trixie', packages: [] } };
    const input = inputOf(
      spec,
      { x: [init], 'deb:tool': [deb('tool', { 'usr/sbin/tool': program() })] },
      { lock: lockOf(spec, { pins }) },
    );
    expect(listing(await assemble(input))).toHaveProperty('usr/bin/tool');
  });

  test('refuses another version of what the init takes files from', async () => {
    const other = deb('libc6', { 'usr/lib/libc.so.6': 'other' }, '2.0-1');
    await expect(withGuest([other])).rejects.toMatchObject({
      code: 'mixed-versions',
      message: expect.stringMatching(/they have libc6 2\.0-1, and it has 1\.0-1; lock the image again$/),
      context: { property: 'packages' },
    });
  });
});
