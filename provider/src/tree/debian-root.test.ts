import { describe, expect, test } from 'vitest';
import type { Layer } from '../model/index.js';
import { type DebianRoot, debianRoot } from './debian-root.js';
import { textOf } from './generated.js';
import { deb, type Item, listing, program, read } from './layers.fixture.js';
import { entriesOf, find } from './root.js';

function build(...layers: Layer[]): Promise<DebianRoot> {
  return debianRoot(layers, {
    component: 'services/web',
    componentOf: (name) => `services/web/${name}`,
    architecture: 'amd64',
    packageArchitecture: (name) => (name === 'docs' ? 'all' : 'amd64'),
    suite: 'trixie',
    mtimeSeconds: 86400 * 3,
    read,
  });
}

async function text({ root }: DebianRoot, path: string): Promise<string | undefined> {
  const node = find(root, path);
  return node?.type === 'file' ? await textOf(node, read) : undefined;
}

const basePasswd = deb('base-passwd', {
  'usr/share/base-passwd/passwd.master':
    'root:*:0:0:root:/root:/bin/bash\nwww-data:*:33:33:www-data:/var/www:/bin/false\n',
  'usr/share/base-passwd/group.master': 'root:*:0:\nadm:*:4:\nshadow:*:42:\nwww-data:*:33:\n',
});

describe('debianRoot()', () => {
  test('merges /usr, has the folders that every root has, and keeps time and owner of package files', async () => {
    const { root } = await build(deb('tool', { 'bin/tool': { text: '#!', mode: 0o755, mtimeSeconds: 5 } }));
    const entries = listing(root);
    expect(entries).toMatchObject({
      bin: '-> usr/bin',
      lib64: '-> usr/lib64',
      'usr/bin/tool': '0755 0:0 2',
      tmp: '1777 0:0 directory',
      root: '0700 0:0 directory',
      'var/run': '-> /run',
    });
    const tool = entriesOf(root).find(({ path }) => path === 'usr/bin/tool');
    expect(tool).toMatchObject({ mtimeSeconds: 5, component: 'services/web/tool' });
    expect(entriesOf(root).find(({ path }) => path === 'usr/bin')).toMatchObject({ component: 'services/web' });
  });

  test('lets base-files decide what the top folders are, whatever the order of the names', async () => {
    const early = deb('aaa', { lib: null, 'lib/x': 'x' });
    const base = deb('base-files', { lib: { link: 'usr/lib' }, tmp: { type: 'directory', mode: 0o1777 } });
    expect(listing((await build(early, base)).root)).toMatchObject({ lib: '-> usr/lib', 'usr/lib/x': '0644 0:0 1' });
  });

  test('leaves documentation out, and keeps licences and the links between them', async () => {
    const doc: Record<string, Item> = {
      'usr/share/doc/docs/copyright': 'licence',
      'usr/share/doc/docs/changelog.gz': 'x',
      'usr/share/doc/docs/examples/a': 'x',
      'usr/share/doc/other': { link: 'docs' },
      'usr/share/doc/bare/README': 'x',
      'usr/share/man/man1/x.1.gz': 'x',
      'usr/share/locale/de/x.mo': 'x',
      'usr/share/lintian/overrides/x': 'x',
      'usr/share/docs/x': 'x',
      'usr/bin/manual': { type: 'hardlink', link: 'usr/share/man/man1/x.1.gz' },
    };
    const entries = listing((await build(deb('docs', doc))).root);
    const kept = Object.keys(entries).filter((path) => /^usr\/(share|bin)\/./.test(path));
    expect(kept).toEqual([
      'usr/bin/manual',
      'usr/share/doc',
      'usr/share/doc/docs',
      'usr/share/doc/docs/copyright',
      'usr/share/doc/other',
      'usr/share/docs',
      'usr/share/docs/x',
    ]);
    expect(entries['usr/bin/manual']).toBe('0644 0:0 1');
  });

  test('records each package where scanners look, and the release', async () => {
    const built = await build(deb('docs', {}, '2:1.0~b-1'));
    expect(await text(built, 'var/lib/dpkg/status.d/docs')).toBe(
      'Package: docs\nStatus: install ok installed\nArchitecture: all\nVersion: 2:1.0~b-1\n',
    );
    expect(await text(built, 'etc/os-release')).toContain('VERSION_CODENAME=trixie');
  });

  test('is the same whatever the order of the layers', async () => {
    const layers = [deb('b', { 'usr/bin/b': program(), 'usr/x': 'b' }), deb('a', { 'usr/x': 'a' }), basePasswd];
    const one = entriesOf((await build(...layers)).root);
    expect(entriesOf((await build(...layers.reverse())).root)).toEqual(one);
  });
});

describe('debianRoot() accounts', () => {
  test('come from the masters, shadowed, nobody with a password', async () => {
    const built = await build(basePasswd);
    expect(await text(built, 'etc/passwd')).toBe(
      'root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/bin/false\n',
    );
    expect(await text(built, 'etc/group')).toBe('root:x:0:\nadm:x:4:\nwww-data:x:33:\nshadow:x:42:\n');
    expect(await text(built, 'etc/shadow')).toBe('root:*:3:0:99999:7:::\nwww-data:*:3:0:99999:7:::\n');
    expect(listing(built.root)['etc/shadow']).toMatch(/^0640 0:42 /);
  });

  test('exist without base-passwd too', async () => {
    expect(await text(await build(), 'etc/passwd')).toContain('www-data:x:33:33:');
  });

  test('come from sysusers.d: groups, users with and without numbers, members', async () => {
    const built = await build(
      basePasswd,
      deb('x', {
        'usr/lib/sysusers.d/x.conf': [
          '# comment',
          'g _group 77',
          'u fixed 88 "A user, really" /var/lib/fixed /bin/sh',
          'u grouped 89:_group',
          'u! locked -',
          'm fixed adm',
          'u with%specifier -',
          'r - 500-900',
        ].join('\n'),
      }),
    );
    expect(built.uids.get('fixed')).toBe(88);
    expect(built.gids.get('_group')).toBe(77);
    const passwd = await text(built, 'etc/passwd');
    expect(passwd).toContain('fixed:x:88:88:A user, really:/var/lib/fixed:/bin/sh\n');
    expect(passwd).toContain('grouped:x:89:77::/nonexistent:/usr/sbin/nologin\n');
    expect(await text(built, 'etc/group')).toContain('adm:x:4:fixed\n');
    expect(passwd).not.toContain('specifier');
  });

  test('keep their derived numbers when another package brings more', async () => {
    const named = (name: string) => deb(name, { [`usr/lib/sysusers.d/${name}.conf`]: `u ${name} -\n` });
    const alone = (await build(named('dnsmasq'))).uids.get('dnsmasq');
    const together = (await build(named('dnsmasq'), named('chrony'), named('aaa'))).uids;
    expect(together.get('dnsmasq')).toBe(alone);
    expect(alone).toBeGreaterThanOrEqual(300);
    expect(new Set(together.values()).size).toBe(together.size);
  });
});

describe('debianRoot() does what maintainer scripts do', () => {
  test('as tmpfiles.d says, as far as it is simple', async () => {
    const built = await build(
      basePasswd,
      deb('x', {
        'usr/lib/tmpfiles.d/x.conf': [
          'd /var/lib/x 0750 www-data adm -',
          'd /var/lib/x/y - - - -',
          'f /var/lib/x/f 0600 - - - one line',
          'L+ /var/lib/x/l - - - - ../target',
          'd /run/%u 0755 - - -',
          'z /usr 0700 - - -',
          'd /../../etc/out 0755 - - -',
          'd /var/lib/z 0700 nobody-knows - -',
        ].join('\n'),
      }),
    );
    const entries = listing(built.root);
    expect(entries).toMatchObject({
      'var/lib/x': '0750 33:4 directory',
      'var/lib/x/y': '0755 0:0 directory',
      'var/lib/x/f': '0600 0:0 8',
      'var/lib/x/l': '-> ../target',
      'var/lib/z': '0700 0:0 directory',
      usr: '0755 0:0 directory',
    });
    expect(Object.keys(entries).filter((path) => path.includes('%') || path.includes('out'))).toEqual([]);
    expect(entriesOf(built.root).find(({ path }) => path === 'var/lib/x/f')?.component).toBe('services/web/x');
  });

  test.each<[string, Record<string, Item>, Record<string, string>]>([
    [
      'lighttpd',
      { 'usr/share/lighttpd/index.html': 'hi', 'var/log/lighttpd': null },
      {
        'var/log/lighttpd': '0750 33:33 directory',
        'var/cache/lighttpd/uploads': '0750 33:33 directory',
        'var/www/html/index.lighttpd.html': '0644 0:0 2',
      },
    ],
    [
      'nginx-common',
      { 'var/log/nginx': null, 'etc/nginx/sites-enabled': null },
      {
        'var/log/nginx': '0755 0:4 directory',
        'var/log/nginx/access.log': '0640 33:4 0',
        'etc/nginx/sites-enabled/default': '-> /etc/nginx/sites-available/default',
      },
    ],
    ['redis-tools', {}, { 'var/log/redis': expect.stringMatching(/^2750 \d+:4 directory$/) as unknown as string }],
    [
      'openssh-server',
      { 'usr/share/openssh/sshd_config': 'UsePAM no' },
      { 'etc/ssh/sshd_config': '0644 0:0 9', 'run/sshd': '0755 0:0 directory' },
    ],
    [
      'openssh-client',
      { 'usr/bin/ssh-agent': program() },
      { 'usr/bin/ssh-agent': expect.stringMatching(/^2755 0:[3-8]\d\d 2$/) as unknown as string },
    ],
    [
      'base-files',
      { 'var/run': null, 'usr/share/base-files/motd': 'hello', 'etc/motd': 'own' },
      { 'var/run': '-> /run', 'run/lock': '1777 0:0 directory', 'etc/motd': '0644 0:0 3' },
    ],
    ['mawk', { 'usr/bin/mawk': program() }, { 'usr/bin/awk': '-> mawk' }],
  ])('for %s', async (name, items, expected) => {
    expect(listing((await build(basePasswd, deb(name, items))).root)).toMatchObject(expected);
  });

  test('for ca-certificates: one bundle, in order, with final newlines, and links by name', async () => {
    const built = await build(
      deb('ca-certificates', {
        'usr/share/ca-certificates/mozilla/B.crt': 'B',
        'usr/share/ca-certificates/mozilla/A (x).crt': 'A\n',
        'usr/share/ca-certificates/README': 'no',
      }),
    );
    expect(await text(built, 'etc/ssl/certs/ca-certificates.crt')).toBe('A\nB\n');
    expect(listing(built.root)).toMatchObject({
      'etc/ssl/certs/A_=x=.pem': '-> /usr/share/ca-certificates/mozilla/A (x).crt',
      'usr/lib/ssl/cert.pem': '-> /etc/ssl/certs/ca-certificates.crt',
    });
  });
});
