import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { AUTHORITY_ONE, AUTHORITY_TWO } from '../format/pem.fixture.js';
import { messagesOf, service } from './messages.fixture.js';

const after = (orders: Record<string, string[]>) =>
  stringify({ services: Object.entries(orders).map(([name, names]) => ({ name, image: 'x', after: names })) });
const repository = (rest: string) =>
  `debian: { repositories: [{ url: "https://a.example/x", signedBy: a.asc, ${rest} }] }`;
const file = (line: string) => `files: [{ path: a, ${line} }]`;
const URL_AND_SUM = `url: "https://a.example/x", sha256: ${'a'.repeat(64)}`;

describe('parseSpec() refuses in the options that LinuxKit does not have', () => {
  it.each([
    // Services
    [service('restart: always'), 'services[0].restart must be a map, got a text'],
    [
      service('restart: { policy: allways }'),
      'services[0].restart.policy must be "always", "on-failure" or "never", got "allways"; did you mean "always"?',
    ],
    [
      service('restart: { backoffSeconds: 61 }'),
      'services[0].restart.backoffSeconds makes the first wait (61 s) longer than the longest (60 s)',
    ],
    [service('restart: { limit: -1 }'), 'services[0].restart.limit must be 0 or more, got -1'],
    [service('health: {}'), 'services[0].health asks nothing; wanted one of http, tcp, command'],
    [
      service('health: { http: { port: 80 }, tcp: { port: 80 } }'),
      'services[0].health.tcp cannot stand beside http; wanted only one of http, tcp, command',
    ],
    [service('health: { tcp: { port: 0 } }'), 'services[0].health.tcp.port must be 1 or more, got 0'],
    [
      service('health: { http: { port: 80, path: "a b" } }'),
      'services[0].health.http.path must start with "/", and have no spaces, got "a b"',
    ],
    [
      service('health: { tcp: { port: 80 }, timeoutSeconds: 20 }'),
      'services[0].health.timeoutSeconds must not be longer than the interval (10 s), got 20',
    ],
    [
      service('stop: { signal: SIGTREM }'),
      'services[0].stop.signal must be "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH" or ' +
        '"SIGKILL", got "SIGTREM"; did you mean "SIGTERM"?',
    ],
    [service('secrets: [a, a]'), 'services[0].secrets[1] is "a" again; keep one of them'],
    [
      service('secrets: [a/b]'),
      'services[0].secrets[0] must be letters, digits, dots, dashes and underscores, and start with a letter or digit, got "a/b"',
    ],
    [service('optional: true'), 'services[0].optional has no meaning in services; wanted only in onboot'],
    [
      'onboot: [{ name: a, image: x, restart: {} }]',
      'onboot[0].restart has no meaning in onboot; wanted only in services',
    ],
    // Order
    [service('after: [wbe]'), 'services[0].after[0] must be the name of a service, got "wbe"; did you mean "web"?'],
    [after({ web: ['web'] }), 'services[0].after leads back to where it begins: web after web; take one of them out'],
    [
      after({ x: [], a: ['b'], b: ['c', 'x'], c: ['a'] }),
      'services[1].after leads back to where it begins: a after b after c after a; take one of them out',
    ],
    // The machine
    [
      'packages: ["deb:curl"]',
      'packages[0] must be NAME or NAME=VERSION of a Debian package, or the path of a .deb file, got "deb:curl"; leave out "deb:"',
    ],
    [
      'packages: ["a b"]',
      'packages[0] must be NAME or NAME=VERSION of a Debian package, or the path of a .deb file, got "a b"',
    ],
    ['users: [{ name: a }]', 'users[0] has no "uid"; wanted a whole number'],
    [
      'users: [{ name: Ann, uid: 1 }]',
      'users[0].name must be at most 32 lower-case letters, digits, dashes and underscores, and start with a letter or "_", got "Ann"',
    ],
    [
      'users: [{ name: a, uid: 1, home: "/a:b" }]',
      'users[0].home must start with "/", and have no ":" and no line breaks, got "/a:b"',
    ],
    [
      'users: [{ name: a, uid: 1 }, { name: b, uid: 1 }]',
      'users[1].uid is 1 again; users must differ in their numbers; the first is users[0]',
    ],
    ['ntp: ["a b"]', 'ntp[0] must be the name or address of a server, such as "time.example", got "a b"'],
    [
      'disks: [{ label: a, mount: /a, logBytes: 65536 }, { label: b, mount: /b, logBytes: 65536 }]',
      'disks[1].logBytes is said of another disk, too; logs can be on one disk; the first is disks[0].logBytes',
    ],
    ['disks: [{ label: a, mount: /a, logBytes: 1024 }]', 'disks[0].logBytes must be 65536 or more, got 1024'],
    ['disks: [{ mount: /srv }]', 'disks[0] has nothing to find the disk by; wanted "label", "serial" or "path"'],
    [
      'disks: [{ serial: a, path: /dev/vdb, mount: /srv }]',
      'disks[0].path cannot be beside "serial"; say one of them; the first is disks[0].serial',
    ],
    [
      'disks: [{ label: a, mount: /var }]',
      'disks[0].mount cannot be "/var"; take a folder such as "/var/lib/data" or "/srv"',
    ],
    [
      'disks: [{ label: a, mount: /srv/../usr }]',
      'disks[0].mount cannot be "/srv/../usr"; take a folder such as "/var/lib/data" or "/srv"',
    ],
    [
      'disks: [{ label: a, mount: /srv }, { label: b, mount: /srv }]',
      'disks[1].mount is "/srv" again; disks must differ in their places; the first is disks[0]',
    ],
    ['root: flash', 'root must be "disk" or "ram", got "flash"'],
    [
      'ca: [authority.pem]',
      'ca[0] must be certificates in PEM form: it has no block that begins with -----BEGIN CERTIFICATE-----; for a file, ' +
        'write { source: FILE }',
    ],
    [
      stringify({ ca: [AUTHORITY_ONE, AUTHORITY_ONE.replace('MIIB', 'MIIC')] }),
      'ca[1] must be certificates in PEM form: the block 1 is no certificate',
    ],
    // Files that are fetched
    [file('source: { url: "https://a.example/x" }'), 'files[0].source has no "sha256"; wanted a text'],
    [
      file(`source: { url: "ftp://a.example/x", sha256: ${'a'.repeat(64)} }`),
      'files[0].source.url must be an address that starts with http:// or https://, got "ftp://a.example/x"',
    ],
    [
      file(`source: { url: "https://me:pw@a.example/x", sha256: ${'a'.repeat(64)} }`),
      'files[0].source.url must have no user name and password: states keep it',
    ],
    [
      file(`source: { ${URL_AND_SUM}, unpack: true }, mode: "0755"`),
      'files[0].mode cannot stand beside "unpack": what is unpacked has the modes of the archive',
    ],
    [
      file(`source: { ${URL_AND_SUM} }, optional: true`),
      'files[0].optional cannot stand beside an address: its digest says that it is there',
    ],
    // Repositories
    [
      repository('suites: [trixie]'),
      'debian.repositories[0] has no "components"; wanted a list such as [main], or a suite that ends in "/"',
    ],
    [
      repository('suites: [./], components: [main]'),
      'debian.repositories[0].components cannot stand beside the suite "./": flat suites have none',
    ],
    [
      repository('suites: [../x/]'),
      'debian.repositories[0].suites[0] must be the name of a suite, or, for a flat repository, a path that ends in "/", got "../x/"',
    ],
    [repository('suites: []'), 'debian.repositories[0].suites must not be empty'],
    [repository('suites: 5'), 'debian.repositories[0].suites must be a list of texts, got a number'],
    [
      repository('suites: [./], name: main'),
      'debian.repositories[0].name is "main", which a distribution\'s own archives are called; wanted another',
    ],
    [
      'debian: { repositories: [{ url: "http://a.example/x", suites: [./], signedBy: a, auth: { user: a, passwordVariable: B } }] }',
      'debian.repositories[0].auth would send a password that everyone on the way can read; wanted an https address',
    ],
    [
      'debian: { repositories: [{ url: "https://u@a.example/x", suites: [./], signedBy: a }] }',
      'debian.repositories[0].url must have no user name and password: states keep it',
    ],
    [
      'debian: { repositories: [{ url: "https://a.example/x", suites: [./], signedBy: "-----BEGIN PGP PRIVATE KEY BLOCK-----" }] }',
      'debian.repositories[0].signedBy must be an armoured public key (-----BEGIN PGP PUBLIC KEY BLOCK-----) or the path of ' +
        'one, got a private key; keep it secret',
    ],
  ])('%j', (text, message) => {
    expect(messagesOf(text)).toEqual([message]);
  });

  it('a private key among certificates, without a word of it', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nTUlTRUNSRVQ=\n-----END PRIVATE KEY-----\n';
    const [message = ''] = messagesOf(stringify({ ca: [AUTHORITY_ONE + key] }));
    expect(message).toMatch(/^ca\[0\] .*a private key, which everyone who has the image could read/);
    expect(message).not.toContain('TUlT');
  });
});

describe('parseSpec() accepts in the options that LinuxKit does not have', () => {
  it.each([
    ['services that start after each other', after({ a: ['b', 'c'], b: ['c'], c: [] })],
    ['certificates with words around them', stringify({ ca: [`# ours\n${AUTHORITY_ONE}\n\n${AUTHORITY_TWO}`] })],
    [
      'owners of files that are users or their groups',
      'users: [{ name: a, uid: 1, groups: [ops] }]\nfiles: [{ path: x, contents: "", uid: a, gid: ops }]',
    ],
    ['the same package twice', 'packages: [curl, curl]'],
    ['flat suites, in all their forms', repository('suites: [/, ./, "stable/", "a/b/"]')],
    ['suites with parts', repository('suites: ["bookworm/vendor/7.0"], components: [main, "a/b"]')],
    [
      'a password for this host itself, in the clear',
      'debian: { repositories: [{ url: "http://127.0.0.1:80/x", suites: [./], signedBy: a, auth: { user: a, passwordVariable: B } }] }',
    ],
  ])('%s', (_, text) => {
    expect(messagesOf(text)).toEqual([]);
  });
});
