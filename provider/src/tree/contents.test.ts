import { expect, describe as suite, test } from 'vitest';
import type { Contents } from '../model/index.js';
import { assemble } from './assemble.js';
import type { AssembleInput } from './assemble-input.js';
import { describe } from './contents.js';
import { changesBetween } from './diff.js';
import { MAX_CONTENTS_BYTES } from './fit-contents.js';
import { deb, type Item, imageConfig, inputOf, layer, lockOf, program } from './layers.fixture.js';

const PASSWD = 'usr/share/base-passwd/passwd.master';

function input(change: { page?: string; version?: string; args?: string[]; unit?: Item } = {}): AssembleInput {
  const spec = {
    kernel: { image: 'deb:linux', cmdline: 'quiet' },
    onboot: [
      { name: 'setup', image: 'deb:tool', command: ['tool'] },
      { name: 'setup', image: 'deb:tool', command: ['tool', '-2'] },
    ],
    services: [{ name: 'web', image: 'deb:lighttpd', command: ['lighttpd', ...(change.args ?? ['-D'])] }],
    files: [
      { path: '/srv/www/index.html', contents: change.page ?? 'hello', mode: '0644' },
      { path: 'srv/data', directory: true, uid: 7 },
      { path: 'srv/link', symlink: '/srv/www' },
    ],
  };
  const tool = deb('tool', { 'usr/bin/tool': { text: '#!', mode: 0o4755 } });
  const lighttpd = deb('lighttpd', { 'usr/sbin/lighttpd': change.unit ?? program() }, change.version);
  const passwd = deb('base-passwd', { [PASSWD]: 'root:*:0:0:root:/root:/bin/sh\nwww-data:*:33:33::/:/bin/false\n' });
  const kernel = layer(
    {
      'boot/kernel': 'MZ',
      'usr/lib/modules/6/modules.dep': 'kernel/ext4.ko:\n',
      'usr/lib/modules/6/kernel/ext4.ko': 'x'.repeat(2000),
    },
    { name: 'linux-image-cloud-amd64', version: '6.12.1-1' },
  );
  const guest = { version: 4, pin: { kind: 'debian' as const, suite: 'trixie', packages: [] } };
  return inputOf(
    spec,
    { 'deb:tool': [tool], 'deb:lighttpd': [passwd, lighttpd] },
    {
      lock: lockOf(spec, { guest }),
      kernel,
      guest: {
        layers: [deb('busybox-static', { 'usr/bin/busybox': program() }, '2.0'), deb('unused', {})],
        root: { picks: [{ package: 'busybox-static', from: 'usr/bin/busybox' }], files: [] },
        initramfs: { picks: [], files: [] },
      },
    },
  );
}

async function contentsOf(one: AssembleInput): Promise<Contents> {
  return await describe(await assemble(one), one);
}

suite('describe()', () => {
  test('says what is in an image', async () => {
    const contents = await contentsOf(input());
    expect(contents).toMatchSnapshot();
    for (const value of [contents.packages, contents.services, contents.files, contents.components, contents.users]) {
      expect(Object.keys(value)).toEqual(Object.keys(value).sort());
    }
  });

  test('lists packages whose scripts nobody does the work of', async () => {
    const one = input();
    const withScripts = (name: string, unknownScripts: string[]) => ({
      ...deb(name, { [`usr/share/${name}/file`]: 'x' }),
      package: { name, version: '1', unknownScripts },
    });
    const layers = [
      withScripts('web-db', ['postinst', 'preinst']),
      withScripts('libc6', ['postinst']),
      withScripts('apache-like', ['postinst']),
      withScripts('redis-tools', ['postinst']),
      withScripts('python3.13-minimal', ['postinst']),
      ...(one.roots.get('deb:tool') ?? []),
    ];
    const { scriptsNotRun } = await contentsOf({ ...one, roots: new Map([...one.roots, ['deb:tool', layers]]) });
    expect(scriptsNotRun).toEqual({ 'apache-like': 'postinst', 'web-db': 'postinst, preinst' });
    expect('scriptsNotRun' in (await contentsOf(one))).toBe(false);
  });

  test('names the ports that services, the machine and container images say are open', async () => {
    const one = input();
    const [web] = one.lock.spec.services ?? [];
    if (web === undefined) throw new Error('the fixture has a service');
    const spec = {
      ...one.lock.spec,
      ready: { port: 8081 },
      services: [
        { ...web, health: { http: { port: 80 } } },
        { ...web, name: 'api', health: { tcp: { port: 80 } } },
      ],
    };
    const images = new Map([['deb:lighttpd', imageConfig({ exposedPorts: ['443/tcp'] })]]);
    const { ports } = await contentsOf({ ...one, lock: { ...one.lock, spec }, images });
    expect(ports).toEqual({ '443/tcp': 'api, web', '80/tcp': 'api, web', '8081/tcp': 'ready' });
    expect('ports' in (await contentsOf(one))).toBe(false);
  });

  test('does not change with where the bytes lie', async () => {
    const moved = input({ unit: { text: '#!', mode: 0o755, gid: 0 } });
    expect(await contentsOf(moved)).toEqual(await contentsOf(input()));
  });

  test('sums up more than 200 files of the user', async () => {
    const files = Array.from({ length: 201 }, (_, index) => ({ path: `f/${index}`, contents: 'x' }));
    const { files: listed } = await contentsOf(inputOf({ files }));
    expect(listed).toEqual({ '*': expect.stringMatching(/^201 files, 201 bytes, sha256:[0-9a-f]{12}$/) });
  });

  test('has at most 64 kB with 1000 packages, 20,000 files, 300 services and as many users', async () => {
    const packages = Array.from({ length: 1000 }, (_, index) => {
      const name = `golang-github-somebody-something-${index}-dev`;
      const items: Record<string, Item> = {};
      for (let file = 0; file < 20; file++) items[`usr/share/${name}/${file}`] = { text: 'x', mode: 0o6755 };
      return deb(name, { ...items, 'usr/bin/tool': program() }, `1:0.0~git2026${index}.0123456-1+deb13u1`);
    });
    const one = { image: 'deb:many', command: ['tool', 'x'.repeat(500)] };
    const services = Array.from({ length: 300 }, (_, index) => ({ ...one, name: `service-${index}` }));
    const files = Array.from({ length: 200 }, (_, index) => ({ path: `${'long/'.repeat(20)}${index}`, contents: 'x' }));
    const big = inputOf(
      { services, files, kernel: { image: 'deb:x', cmdline: 'y'.repeat(3000) } },
      { 'deb:many': packages },
    );
    const contents = await contentsOf(big);
    expect(Buffer.byteLength(JSON.stringify(contents))).toBeLessThanOrEqual(MAX_CONTENTS_BYTES);
    expect(contents.sizes.files).toBeGreaterThan(20000);
    for (const part of [contents.packages, contents.services, contents.files]) {
      expect(Object.keys(part).length).toBeGreaterThan(80);
    }
  });

  test('lists each of 1000 packages of usual length, and sums up 20,000 files of the user', async () => {
    const packages = Array.from({ length: 1000 }, (_, index) => deb(`libsome-thing${index}`, {}, `3.14.${index}-1+b1`));
    const files = Array.from({ length: 20000 }, (_, index) => ({ path: `f/${index}`, contents: '' }));
    const services = [{ name: 'web', image: 'deb:many', command: ['tool'] }];
    const tool = deb('tool', { 'usr/bin/tool': program() });
    const contents = await contentsOf(inputOf({ services, files }, { 'deb:many': [...packages, tool] }));
    expect(Object.keys(contents.packages)).toHaveLength(1001);
    expect(Buffer.byteLength(JSON.stringify(contents))).toBeLessThan(48 * 1024);
  });

  test('shows a change in what was left out, by its digest', async () => {
    const withService = (last: string) => {
      const services = Array.from({ length: 900 }, (_, index) => ({
        name: `s${index}`,
        image: 'x/y:1',
        command: [index === 899 ? last : 'x'.repeat(120)],
      }));
      const programs = { 'bin/a': program(), 'bin/b': program(), [`bin/${'x'.repeat(120)}`]: program() };
      return inputOf({ services }, { 'x/y:1': [layer(programs)] });
    };
    const [one, two] = [await contentsOf(withService('a')), await contentsOf(withService('b'))];
    expect(one.services['…']).toMatch(/^\d+ more, sha256:/);
    expect(changesBetween(one, two).map(({ area }) => area)).toContain('service');
  });
});

suite('changesBetween()', () => {
  test('tells nothing where nothing changed', async () => {
    expect(changesBetween(await contentsOf(input()), await contentsOf(input()))).toEqual([]);
  });

  test('tells what changed, by area, with the old and the new value', async () => {
    const after = input({ page: 'hello!', version: '1.1-1', args: ['-D', '-f', '/x'] });
    const lines = changesBetween(await contentsOf(input()), await contentsOf(after)).map(
      (change) => `${change.area} ${change.name}: ${change.before} => ${change.after}`,
    );
    expect(lines.join('\n').replaceAll(/[0-9a-f]{12}/g, '<digest>')).toMatchSnapshot();
  });

  test('tells what came and what went', () => {
    const contents: Contents = {
      packages: { a: '1' },
      images: {},
      services: {},
      kernel: { version: '6', commandLine: '', modules: 1 },
      files: {},
      components: {},
      setuid: ['usr/bin/su'],
      users: {},
      sizes: { rootBytes: 1, files: 1 },
      runtime: { recipe: 1, guest: '1', platform: 'linux/amd64' },
    };
    const after = { ...contents, packages: { constructor: '2' }, setuid: [] };
    expect(changesBetween(contents, after)).toEqual([
      { area: 'package', name: 'a', kind: 'removed', before: '1' },
      { area: 'package', name: 'constructor', kind: 'added', after: '2' },
      { area: 'setuid', name: 'usr/bin/su', kind: 'removed', before: '' },
    ]);
  });
});
