import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findMirrors } from './mirrors.js';
import { aptSettings } from './mirrors-apt-settings.js';

const DEB822 = `# made by an installer
Types: deb deb-src
# http://old.example/debian
URIs: http://one.example/debian/ http://two.example/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://sec.example/debian-security
Suites: trixie-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
 -----END PGP PUBLIC KEY BLOCK-----
`;

describe('findMirrors()', () => {
  let apt: string;
  beforeEach(async () => {
    apt = await mkdtemp(join(tmpdir(), 'ingot-apt-'));
  });
  afterEach(() => rm(apt, { recursive: true }));

  async function configure(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(apt, name)), { recursive: true });
      await writeFile(join(apt, name), text);
    }
  }

  test.each<[string, Record<string, string>, { main: string; security: string }]>([
    [
      'a deb822 file',
      { 'sources.list.d/debian.sources': DEB822 },
      { main: 'http://one.example/debian', security: 'http://sec.example/debian-security' },
    ],
    [
      'sources.list, with options and comments',
      {
        'sources.list': [
          '# deb http://zero.example/debian trixie main',
          'deb-src http://zero.example/debian trixie main',
          'deb [ arch=amd64,arm64 signed-by=/x.gpg ] https://a.example/debian bookworm main # mine',
          'deb [trusted=yes] https://s.example/x bookworm-security main',
        ].join('\n'),
      },
      { main: 'https://a.example/debian', security: 'https://s.example/x' },
    ],
    [
      'a mirror of its own name beside what other vendors call stable',
      {
        'sources.list':
          'deb https://vendor.example/deb stable main\ndeb https://php.example/php trixie main\ndeb http://in.example/os/debian stable main\n',
      },
      { main: 'http://in.example/os/debian', security: 'http://in.example/os/debian-security' },
    ],
    [
      'a mirror on this host, and old names of the security suite',
      {
        'sources.list':
          'deb file:/srv/m sid main\ndeb http://s.example/debian-security buster/updates main\ndeb http://s.example/y bullseye/updates main',
      },
      { main: 'file:/srv/m', security: 'http://s.example/y' },
    ],
    [
      'a main one alone, whose neighbour has the security archive',
      { 'sources.list.d/a.list': 'deb http://a.example/debian/ trixie main' },
      { main: 'http://a.example/debian', security: 'http://a.example/debian-security' },
    ],
    [
      'what is enabled, of a file that also has what is not',
      {
        'sources.list.d/a.sources':
          'Enabled: no\nTypes: deb\nURIs: http://no.example/debian\nSuites: trixie\nComponents: main\n\nTypes: deb\nURIs: http://yes.example/debian\nSuites: trixie\nComponents: main\n',
        'sources.list.d/broken.sources': 'what is this',
        'sources.list.d/other.save': 'deb http://save.example/debian trixie main',
      },
      { main: 'http://yes.example/debian', security: 'http://yes.example/debian-security' },
    ],
  ])('takes %s from apt', async (_name, files, expected) => {
    await configure(files);
    expect(await findMirrors({ aptDirectory: apt })).toEqual(expected);
  });

  test('prefers what is configured', async () => {
    await configure({ 'sources.list.d/debian.sources': DEB822 });
    expect(await findMirrors({ aptDirectory: apt, configured: { main: 'http://c.example/debian/' } })).toEqual({
      main: 'http://c.example/debian',
      security: 'http://c.example/debian-security',
    });
    expect(await findMirrors({ aptDirectory: apt, configured: { security: 'file:///srv/s' } })).toEqual({
      main: 'http://one.example/debian',
      security: 'file:///srv/s',
    });
  });

  test.each<[string, Record<string, string>, { main?: string; security?: string }, RegExp]>([
    [
      'nothing is known',
      {},
      {},
      /names none; set debian\.mirror in the spec, `pulumi config set ingot:debianMirror ADDRESS`, or INGOT_DEBIAN_MIRROR$/,
    ],
    [
      'the host is not Debian',
      { 'sources.list': 'deb http://u.example/ubuntu noble main' },
      {},
      /names none, but 1 of other sorts; set/,
    ],
    [
      'only a mirror by another name is known',
      {},
      { main: 'http://a.example/os' },
      /only the main one is known.*set debian\.securityMirror.*ingot:debianSecurityMirror.*INGOT_DEBIAN_SECURITY_MIRROR$/,
    ],
    ['the address is none', {}, { main: 'a.example/debian' }, /Cannot use "a\.example\/debian" as a Debian mirror/],
    [
      'the address is of another sort',
      {},
      { main: 'ftp://me:secret@a.example/debian' },
      /Cannot use "ftp:\/\/a\.example\/debian"/,
    ],
  ])('says what to set, when %s', async (_name, files, configured, message) => {
    await configure(files);
    const finding = findMirrors({ aptDirectory: apt, configured });
    await expect(finding).rejects.toMatchObject({ code: 'no-mirror', message: expect.stringMatching(message) });
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['nothing', {}, true],
    ['a setting of its own', { 'apt.conf.d/99frozen': 'Acquire::Check-Valid-Until "false";' }, false],
    ['a setting in a scope', { 'apt.conf': '/* a */ Acquire { # b\n Check-Valid-Until no; // c\n};' }, false],
    [
      'a part, and the other in apt.conf',
      { 'apt.conf.d/1': 'acquire::check-valid-until "0";', 'apt.conf': 'Acquire::Check-Valid-Until "true";' },
      true,
    ],
    ['a comment', { 'apt.conf.d/1': '// Acquire::Check-Valid-Until "false";' }, true],
    ['a file that apt does not read', { 'apt.conf.d/1.bak': 'Acquire::Check-Valid-Until "false";' }, true],
    ['the source', { 'sources.list': 'deb [check-valid-until=no] http://a.example/debian trixie main' }, false],
  ])('checks Valid-Until as apt does, which says %s', async (_name, files, checks) => {
    await configure({ 'sources.list': 'deb http://a.example/debian trixie main', ...files });
    expect((await findMirrors({ aptDirectory: apt })).checkValidUntil ?? true).toBe(checks);
    expect((await findMirrors({ aptDirectory: apt, checkValidUntil: true })).checkValidUntil).toBeUndefined();
  });
});

describe('aptSettings()', () => {
  test('reads names with their scopes, and values with quotes', () => {
    const text = 'A::B "x;y"; C { D { E "1"; F:: "2"; }; "list"; }; }; G h;';
    expect(aptSettings(text)).toEqual([
      ['a::b', 'x;y'],
      ['c::d::e', '1'],
      ['c::d::f::', '2'],
      ['g', 'h'],
    ]);
  });
});
