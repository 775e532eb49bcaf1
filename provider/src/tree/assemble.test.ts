import { describe, expect, test } from 'vitest';
import { type Container, type Lock, treeDigest } from '../model/index.js';
import { assemble } from './assemble.js';
import type { AssembleInput } from './assemble-input.js';
import { deb, inputOf, layer, listing, lockOf, program, textIn } from './layers.fixture.js';

const web = [
  deb('libc6', { 'usr/lib/libc.so': 'libc' }),
  deb('lighttpd', { 'usr/sbin/lighttpd': program(), 'etc/lighttpd.conf': 'x' }),
];
const service: Container = { name: 'web', image: 'deb:lighttpd', command: ['lighttpd', '-D'] };
const kernel = layer({ 'boot/kernel': 'MZ' }, { name: 'linux-image-cloud-amd64', version: '6.12.1-1' });
const guest = {
  layers: [deb('busybox-static', { 'usr/bin/busybox': program() })],
  root: {
    picks: [{ package: 'busybox-static', from: 'usr/bin/busybox' }],
    files: [{ path: 'init', mode: 0o755, bytes: Buffer.from('#!/bin/sh\n') }],
  },
  initramfs: { picks: [], files: [] },
};
const guestLock = { version: 1, pin: { kind: 'debian' as const, suite: 'trixie', packages: [] } };

function quickstart(service_: Partial<Container> = {}, locked: Partial<Lock> = {}) {
  const spec = {
    kernel: { image: 'deb:linux-image-cloud-amd64', cmdline: 'quiet' },
    services: [{ ...service, ...service_ }],
    files: [{ path: 'srv/www/index.html', contents: 'hello', mode: '0644' }],
  };
  return inputOf(spec, { 'deb:lighttpd': web }, { lock: lockOf(spec, { guest: guestLock, ...locked }), kernel, guest });
}

async function configOf(input: AssembleInput): Promise<Record<string, unknown>> {
  return JSON.parse(await textIn(await assemble(input), 'containers/services/web/config.json'));
}

describe('assemble()', () => {
  test('gives the same tree as ever: raise RECIPE and say why when this changes', async () => {
    const golden = {
      quickstart: treeDigest(await assemble(quickstart())),
      readonly: treeDigest(await assemble(quickstart({ readonly: true, capabilities: ['CAP_NET_BIND_SERVICE'] }))),
      empty: treeDigest(await assemble(inputOf({}))),
      hardened: treeDigest(await assemble(quickstart({}, { recipe: 2 }))),
    };
    expect(golden).toMatchSnapshot();
  });

  test('hardens containers under the own init alone, and since recipe 2', async () => {
    const { linux, process } = await configOf(quickstart({}, { recipe: 2 }));
    expect(linux).toMatchObject({ seccomp: { defaultAction: 'SCMP_ACT_ALLOW' }, maskedPaths: expect.anything() });
    expect(process).toMatchObject({ noNewPrivileges: true });
    const plain = await configOf(quickstart());
    expect(plain.linux).not.toHaveProperty('seccomp');
    expect(await configOf(quickstart({}, { recipe: 2, guest: null }))).toEqual(plain);
    expect(await configOf(quickstart({ hardened: false }, { recipe: 2 }))).toEqual(plain);
  });

  test('lists components in the order of an image, and every entry belongs to one', async () => {
    const tree = await assemble(quickstart());
    expect(tree.components).toEqual([
      { id: 'kernel', kind: 'kernel' },
      { id: 'init', kind: 'init' },
      { id: 'services/web/libc6', kind: 'package' },
      { id: 'services/web/lighttpd', kind: 'package' },
      { id: 'services/web', kind: 'container' },
      { id: 'files', kind: 'files' },
    ]);
    const ids = new Set(tree.components.map(({ id }) => id));
    expect(tree.entries.filter(({ component }) => !ids.has(component))).toEqual([]);
    const componentOf = (path: string) => tree.entries.find((entry) => entry.path === path)?.component;
    expect(componentOf('containers')).toBe('init');
    expect(componentOf('containers/services/web/config.json')).toBe('services/web');
    expect(componentOf('containers/services/web/lower/usr/lib/libc.so')).toBe('services/web/libc6');
    expect(componentOf('containers/services/web/lower/etc/passwd')).toBe('services/web');
    expect(componentOf('srv/www/index.html')).toBe('files');
  });

  test('lays out a writable container as LinuxKit does', async () => {
    const tree = await assemble(quickstart());
    expect(listing(tree)).toMatchObject({
      'boot/cmdline': '0644 0:0 5',
      'boot/kernel': '0644 0:0 2',
      'containers/services/web/lower/usr/sbin/lighttpd': '0755 0:0 2',
      'containers/services/web/lower/etc/resolv.conf': '0644 0:0 29',
      'containers/services/web/lower/dev/shm': '0755 0:0 directory',
      'containers/services/web/rootfs': '0755 0:0 directory',
      'containers/services/web/tmp': '0755 0:0 directory',
      'srv/www': '0755 0:0 directory',
    });
    expect(await textIn(tree, 'containers/services/web/runtime.json')).toMatchSnapshot();
    expect(JSON.parse(await textIn(tree, 'containers/services/web/config.json')).process).toMatchObject({
      args: ['lighttpd', '-D'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    });
  });

  test('lays out a read-only container as LinuxKit does', async () => {
    const tree = await assemble(
      quickstart({ readonly: true, runtime: { mkdir: ['/var/x'], interfaces: [{ name: 'eth0' }] } }),
    );
    const entries = listing(tree);
    expect(entries).toHaveProperty('containers/services/web/rootfs/usr/sbin/lighttpd');
    expect(entries).not.toHaveProperty('containers/services/web/lower');
    expect(await textIn(tree, 'containers/services/web/runtime.json')).toMatchSnapshot();
  });

  test('numbers onboot and onshutdown, and has a root that several use once, by pin and not by text', async () => {
    const command = ['/usr/sbin/lighttpd'];
    const spec = {
      onboot: [
        { name: 'one', image: 'deb:a', command, readonly: true },
        { name: 'two', image: 'deb:b', command },
      ],
      onshutdown: [{ name: 'bye', image: 'deb:a', command, readonly: true }],
    };
    const lock = lockOf(spec);
    const pins = { ...lock.pins, 'deb:b': lock.pins['deb:a'] as NonNullable<(typeof lock.pins)[string]> };
    const input = inputOf(spec, { 'deb:a': web, 'deb:b': web }, { lock: { ...lock, pins } });
    const tree = await assemble(input);
    const programs = Object.keys(listing(tree)).filter((path) => path.endsWith('sbin/lighttpd'));
    expect(programs).toEqual(['containers/onboot/000-one/rootfs/usr/sbin/lighttpd']);
    const mountsIn = async (place: string) => JSON.parse(await textIn(tree, `containers/${place}/runtime.json`)).mounts;
    expect((await mountsIn('onboot/001-two'))[2].options[0]).toBe('lowerdir=/containers/onboot/000-one/rootfs');
    expect(await mountsIn('onshutdown/000-bye')).toEqual([
      {
        destination: '/containers/onshutdown/000-bye/rootfs',
        source: '/containers/onboot/000-one/rootfs',
        options: ['bind'],
      },
    ]);
  });

  test('lays the images of init over each other, and gives containers ids of their own', async () => {
    const spec = {
      init: ['linuxkit/init:1', 'linuxkit/runc:1'],
      onboot: [{ name: 'a', image: 'x/a:1', command: ['x'] }],
      services: [{ name: 'b', image: 'x/a:1', command: ['x'], uid: 'b', gid: 'a' }],
    };
    const init = layer({ etc: { type: 'directory', mode: 0o700 }, 'etc/issue': 'old', 'bin/init': program() });
    const runc = layer({ 'etc/issue': 'newer', 'usr/bin/runc': program(), 'bin/.wh.init': '' });
    const roots = { 'linuxkit/init:1': [init], 'linuxkit/runc:1': [runc], 'x/a:1': [layer({ 'bin/x': program() })] };
    const tree = await assemble(inputOf(spec, roots));
    expect(listing(tree)).toMatchObject({
      etc: '0755 0:0 directory',
      'etc/issue': '0644 0:0 5',
      'bin/init': '0755 0:0 2',
      'etc/resolv.conf': '-> /run/resolvconf/resolv.conf',
    });
    const { user } = JSON.parse(await textIn(tree, 'containers/services/b/config.json')).process;
    expect(user).toEqual({ uid: 101, gid: 100 });
  });

  test('keeps hard links within the root they are in', async () => {
    const linked = deb('perl', {
      'usr/bin/perl': program(),
      'usr/bin/perl5': { type: 'hardlink', link: 'usr/bin/perl' },
    });
    const tree = await assemble(
      inputOf({ services: [{ ...service, command: ['perl'] }] }, { 'deb:lighttpd': [linked] }),
    );
    expect(listing(tree)['containers/services/web/lower/usr/bin/perl5']).toBe(
      '= containers/services/web/lower/usr/bin/perl',
    );
  });

  test('changes nothing outside the user’s files when one of those changes', async () => {
    const [one, two] = [quickstart(), quickstart()];
    two.lock.spec.files = [{ path: 'srv/www/index.html', contents: 'changed', mode: '0600' }];
    const rest = async (input: typeof one) =>
      (await assemble(input)).entries.filter(({ component }) => component !== 'files');
    expect(await rest(two)).toEqual(await rest(one));
  });
});

describe('assemble() refuses', () => {
  const build = (container: Partial<Container>) =>
    assemble(inputOf({ services: [{ ...service, ...container }] }, { 'deb:lighttpd': web }));

  test('packages without a command', async () => {
    const { command: _, ...bare } = service;
    await expect(assemble(inputOf({ services: [bare] }, { 'deb:lighttpd': web }))).rejects.toMatchObject({
      code: 'no-command',
      context: { property: 'services[0].command' },
      message: 'Cannot run deb:lighttpd: packages have no entry point; set `command` to what is to be run',
    });
  });

  test.each([
    [['lighttp'], /"lighttp" in deb:lighttpd: it is in none of the folders of PATH .*; did you mean lighttpd\?$/],
    [['/usr/bin/lighttpd'], /there is no file \/usr\/bin\/lighttpd in it; did you mean \/usr\/sbin\/lighttpd\?$/],
    [['/etc/lighttpd.conf'], /\/etc\/lighttpd.conf is not executable; wanted a program$/],
    [['bin/../nothing'], /there is no file \/bin\/..\/nothing in it$/],
  ])('the command %j', async (command, message) => {
    await expect(build({ command })).rejects.toThrow(message);
  });

  test('no command that PATH, a link or a mount can lead to', async () => {
    await build({ command: ['/sbin/lighttpd'] });
    await build({ command: ['sbin/lighttpd'] });
    await build({ command: ['sbin/lighttpd'], cwd: '/usr' });
    await build({ command: ['mine'], binds: ['/opt/mine:/opt/bin'], env: ['PATH=/opt/bin'] });
    await build({ command: ['/data/x'], mounts: [{ type: 'ext4', source: '/dev/vda', destination: '/data' }] });
  });

  test('two services of one name, and a reference without layers', async () => {
    await expect(assemble(inputOf({ services: [service, service] }, { 'deb:lighttpd': web }))).rejects.toThrow(
      'Cannot place services[1]: another service is called web',
    );
    await expect(assemble(inputOf({ services: [service] }))).rejects.toMatchObject({ code: 'missing-input' });
  });

  test('packages that lead out of their root nowhere but into it', async () => {
    const evil = deb('evil', { up: { link: '../../../../..' }, 'up/escaped': 'x' });
    const tree = await assemble(inputOf({ services: [service] }, { 'deb:lighttpd': [...web, evil] }));
    expect(listing(tree)).toHaveProperty('containers/services/web/lower/escaped');
    expect(listing(tree)).not.toHaveProperty('escaped');
  });
});
