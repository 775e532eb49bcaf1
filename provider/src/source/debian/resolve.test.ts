import { createHash } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PinnedPackage } from '../../model/pin.js';
import type { Mirrors } from './mirrors.js';
import { makeKey, TestArchive, type TestKey, type TestPackage } from './resolve.fixture.js';
import { type ResolveOptions, resolvePackages } from './resolve.js';

let key: TestKey;
beforeAll(async () => {
  key = await makeKey();
});

const needs = (depends: string): Record<string, string> => ({ Depends: depends });
const gives = (provides: string): Record<string, string> => ({ Provides: provides });

describe('resolvePackages()', () => {
  let archive: TestArchive;
  let mirrors: Mirrors;
  beforeEach(async () => {
    archive = await TestArchive.start(key);
  });
  afterEach(() => archive[Symbol.asyncDispose]());

  async function publish(suites: {
    release?: TestPackage[];
    updates?: TestPackage[];
    security?: TestPackage[];
  }): Promise<void> {
    await archive.publishAll(suites);
    mirrors = await archive.writeOut();
  }

  async function pin(names: string, changes: Partial<ResolveOptions> = {}): Promise<readonly PinnedPackage[]> {
    const options = { ...archive.options, mirrors, maxAgeSeconds: 0, ...changes };
    return (await resolvePackages(names.split(','), options)).packages;
  }

  /** `name=version` of each, in order. */
  async function resolve(names: string, changes: Partial<ResolveOptions> = {}): Promise<string> {
    return (await pin(names, changes)).map(({ name, version }) => `${name}=${version}`).join(' ');
  }

  function pinned(name: string, version: string): PinnedPackage {
    const digest = `sha256:${createHash('sha256').update(`${name} ${version}`).digest('hex')}` as const;
    return {
      name,
      version,
      architecture: 'amd64',
      digest,
      sizeBytes: 100,
      archive: 'main',
      path: `pool/main/${name}.deb`,
    };
  }

  test('pins what is asked for and all it needs, sorted, with all that finds it again', async () => {
    await publish({
      release: [
        ['web', '1.0-1', { 'Pre-Depends': 'init', Depends: 'libz (>= 1), libc', Recommends: 'docs', Suggests: 'docs' }],
        ['libz', '1.2-1', { Depends: 'libc', Architecture: 'all' }],
        ['libc', '2:2.41', {}],
        ['init', '1', {}],
        ['docs', '1', {}],
      ],
    });
    const options = { ...archive.options, mirrors };
    expect(await resolvePackages(['web'], options)).toEqual({
      kind: 'debian',
      suite: 'trixie',
      packages: [
        pinned('init', '1'),
        pinned('libc', '2:2.41'),
        { ...pinned('libz', '1.2-1'), architecture: 'all' },
        pinned('web', '1.0-1'),
      ].map((one) => ({ ...one, path: `pool/main/${one.name}_${one.version.replace(':', '%3a')}_amd64.deb` })),
    });
    expect(archive.requests, 'nothing but the files on disk').toEqual([]);
  });

  test('takes the newest version of release, updates and security updates', async () => {
    await publish({
      release: [
        ['aa', '1.0'],
        ['bb', '1.0'],
        ['cc', '1.0'],
        ['dd', '1.0'],
      ],
      updates: [
        ['bb', '1.1'],
        ['cc', '1.1'],
        ['dd', '1.0'],
      ],
      security: [
        ['cc', '1.2'],
        ['bb', '1.0.1'],
        ['dd', '1.0'],
      ],
    });
    const found = await pin('aa,bb,cc,dd');
    expect(found.map(({ version, archive }) => `${version} ${archive}`)).toEqual([
      '1.0 main',
      '1.1 main',
      '1.2 security',
      '1.0 main',
    ]);
  });

  test.each<[string, TestPackage[], string, string]>([
    [
      'no alternative that a later dependency without a choice makes superfluous',
      [
        ['desktop', '1', needs('agent, keyring')],
        ['agent', '1', needs('ask-text | ask')],
        ['keyring', '1', needs('ask-window')],
        ['ask-text', '1', gives('ask')],
        ['ask-window', '1', gives('ask')],
      ],
      'desktop',
      'agent=1 ask-window=1 desktop=1 keyring=1',
    ],
    [
      'the first alternative that there is',
      [
        ['web', '1', needs('nope | bb | cc')],
        ['bb', '1'],
        ['cc', '1'],
      ],
      'web',
      'bb=1 web=1',
    ],
    [
      'an alternative that was asked for anyway',
      [
        ['web', '1', needs('bb | cc')],
        ['bb', '1'],
        ['cc', '1'],
      ],
      'web,cc',
      'cc=1 web=1',
    ],
    [
      'an alternative whose version fits',
      [
        ['web', '1', needs('bb (>= 2) | cc (<< 2)')],
        ['bb', '1'],
        ['cc', '1'],
      ],
      'web',
      'cc=1 web=1',
    ],
    [
      'the older version, where only it fits',
      [
        ['web', '1', needs('bb (<< 2)')],
        ['bb', '1'],
        ['bb', '2'],
      ],
      'web',
      'bb=1 web=1',
    ],
    [
      'the older version, also where the newer one was chosen first',
      [
        ['web', '1', needs('bb, cc')],
        ['cc', '1', needs('bb (<< 2)')],
        ['bb', '1'],
        ['bb', '2'],
      ],
      'web',
      'bb=1 cc=1 web=1',
    ],
    [
      'a package that provides the name',
      [
        ['web', '1', needs('mta')],
        ['exim', '1', gives('mta')],
      ],
      'web',
      'exim=1 web=1',
    ],
    [
      'the package itself rather than one that provides it',
      [
        ['web', '1', needs('mta')],
        ['aaa', '1', gives('mta')],
        ['mta', '1'],
      ],
      'web',
      'mta=1 web=1',
    ],
    [
      'one that provides it and is there already',
      [
        ['web', '1', needs('mta')],
        ['aaa', '1', gives('mta')],
        ['zzz', '1', gives('mta')],
      ],
      'web,zzz',
      'web=1 zzz=1',
    ],
    [
      'the most important of those that provide it',
      [
        ['web', '1', needs('mta')],
        ['aaa', '1', gives('mta')],
        ['zzz', '1', { Provides: 'mta', Priority: 'important' }],
      ],
      'web',
      'web=1 zzz=1',
    ],
    [
      'a name provided in the right version',
      [
        ['web', '1', needs('api (>= 5)')],
        ['aa', '9', gives('api')],
        ['bb', '9', gives('api (= 4)')],
        ['cc', '9', gives('api (= 5.1)')],
      ],
      'web',
      'cc=9 web=1',
    ],
    [
      'no alternative that conflicts with what is there',
      [
        ['web', '1', needs('exim | postfix')],
        ['exim', '1'],
        ['postfix', '1'],
        ['nomail', '1', { Conflicts: 'exim' }],
      ],
      'nomail,web',
      'nomail=1 postfix=1 web=1',
    ],
    [
      'any and native for this architecture, and no other',
      [
        ['web', '1', needs('bb:any, cc:native, dd:arm64 | ee')],
        ['bb', '1'],
        ['cc', '1'],
        ['dd', '1'],
        ['ee', '1'],
      ],
      'web',
      'bb=1 cc=1 ee=1 web=1',
    ],
    [
      'nothing of another architecture',
      [
        ['web', '1', needs('bb | cc')],
        ['bb', '1', { Architecture: 'arm64' }],
        ['cc', '1'],
      ],
      'web',
      'cc=1 web=1',
    ],
    [
      'circles',
      [
        ['aa', '1', needs('bb')],
        ['bb', '1', needs('aa')],
      ],
      'aa',
      'aa=1 bb=1',
    ],
    [
      'what conflicts with a name that only it provides',
      [['aa', '1', { Provides: 'mta', Conflicts: 'mta' }]],
      'aa',
      'aa=1',
    ],
    [
      'what breaks another version only',
      [
        ['aa', '1', { Breaks: 'bb (<< 2)' }],
        ['bb', '2'],
      ],
      'aa,bb',
      'aa=1 bb=2',
    ],
    [
      'what conflicts with a version of a name that is provided without one',
      [
        ['aa', '1', { Conflicts: 'mta (<< 2)' }],
        ['bb', '1', gives('mta')],
      ],
      'aa,bb',
      'aa=1 bb=1',
    ],
    [
      'an exact version',
      [
        ['aa', '1'],
        ['aa', '2'],
      ],
      'aa=1',
      'aa=1',
    ],
    [
      'an exact version that another would have in another',
      [
        ['web', '1', needs('aa')],
        ['aa', '1'],
        ['aa', '2'],
      ],
      'web,aa=1',
      'aa=1 web=1',
    ],
    [
      'spaces, and a name twice',
      [
        ['aa', '1'],
        ['bb', '1'],
      ],
      ' aa, bb,aa',
      'aa=1 bb=1',
    ],
    ['a name that only one package provides', [['exim', '1', gives('mta')]], 'mta', 'exim=1'],
  ])('takes %s', async (_name, packages, names, expected) => {
    await publish({ release: packages });
    expect(await resolve(names)).toBe(expected);
    expect(await resolve(names, { offline: true }), 'the same again').toBe(expected);
  });

  test.each<[string, TestPackage[], string, string, RegExp]>([
    [
      'an unknown package',
      [['lighttpd', '1']],
      'lightppd',
      'unknown-package',
      /^Cannot resolve deb:lightppd: trixie has no package lightppd; did you mean lighttpd\?$/,
    ],
    [
      'an unknown package like no other',
      [['lighttpd', '1']],
      'postgresql',
      'unknown-package',
      /has no package postgresql; check its spelling, and debian\.suite$/,
    ],
    [
      'a name that several provide',
      [
        ['exim', '1', gives('mta')],
        ['postfix', '1', gives('mta')],
      ],
      'mta',
      'unknown-package',
      /mta is not a package, but what several provide; name one of exim, postfix/,
    ],
    [
      'a version that is not there',
      [
        ['aa', '1'],
        ['aa', '3'],
      ],
      'aa=2',
      'unsatisfiable',
      /^Cannot resolve deb:aa=2: trixie has no aa \(= 2\); it has aa 3, 1$/,
    ],
    [
      'a dependency that is not there',
      [
        ['web', '1', needs('lib')],
        ['lib', '1', needs('libc (>= 9) | nope')],
        ['libc', '2'],
      ],
      'web',
      'unsatisfiable',
      /lib 1 \(needed by web\) needs libc \(>= 9\) \| nope, which nothing in trixie for this architecture gives \(trixie has libc 2\)$/,
    ],
    [
      'a dependency of another version than was asked for',
      [
        ['web', '1', needs('lib (>= 2)')],
        ['lib', '1'],
        ['lib', '2'],
      ],
      'web,lib=1',
      'unsatisfiable',
      /web 1 needs lib \(>= 2\).*lib 1 is wanted by others/,
    ],
    [
      'versions that exclude each other',
      [
        ['aa', '1', needs('lib (= 1)')],
        ['bb', '1', needs('lib (= 2)')],
        ['lib', '1'],
        ['lib', '2'],
      ],
      'aa,bb',
      'unsatisfiable',
      /aa 1 needs lib \(= 1\), which nothing .* gives \(bb needs lib \(= 2\)\)$/,
    ],
    [
      'packages that conflict',
      [
        ['exim', '1', { Conflicts: 'mta', Provides: 'mta' }],
        ['web', '1', needs('postfix')],
        ['postfix', '2', gives('mta')],
      ],
      'exim,web',
      'conflict',
      /exim 1 and postfix 2 \(needed by web\) may not be installed together \(exim conflicts with or breaks mta\)/,
    ],
    [
      'a package that breaks another',
      [
        ['aa', '1', { Breaks: 'bb (<< 3)' }],
        ['bb', '2'],
      ],
      'bb,aa',
      'conflict',
      /aa 1 and bb 2 may not be installed together .*bb \(<< 3\)/,
    ],
    [
      'dependencies that cannot be read',
      [['aa', '1', needs('b b')]],
      'aa',
      'malformed',
      /Cannot read the dependencies of aa 1: "b b" is not a package name/,
    ],
    ['a name that is none', [], 'Light/../httpd', 'bad-reference', /"Light\/\.\.\/httpd" is not the name of a package/],
    ['a version that is none', [], 'aa=1 2', 'bad-reference', /"1 2" is not a version/],
    ['a name with two versions', [], 'aa=1,aa=2', 'bad-reference', /it names aa with two versions, 1 and 2/],
    ['no name', [], '', 'bad-reference', /"" is not the name of a package/],
  ])('refuses %s', async (_name, packages, names, code, message) => {
    await publish({ release: packages });
    await expect(resolve(names)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  describe('with packages to keep', () => {
    const release: TestPackage[] = [
      ['web', '1', needs('lib, log')],
      ['lib', '1'],
      ['log', '1'],
      ['app', '1', needs('lib (>= 2)')],
    ];
    const security: TestPackage[] = [
      ['lib', '2'],
      ['log', '2'],
    ];

    test('keeps their versions, as long as the suite has them', async () => {
      await publish({ release, security });
      expect(await resolve('web')).toBe('lib=2 log=2 web=1');
      expect(await resolve('web', { keep: [pinned('lib', '1'), pinned('log', '2'), pinned('gone', '1')] })).toBe(
        'lib=1 log=2 web=1',
      );
      expect(await resolve('web', { keep: [pinned('lib', '0'), pinned('log', '1')] })).toBe('lib=2 log=1 web=1');
    });

    test('does not take another file of the same version for the one to keep', async () => {
      await publish({ release, security });
      const other = { ...pinned('lib', '1'), digest: pinned('x', '1').digest };
      expect(await resolve('web', { keep: [other] })).toBe('lib=2 log=2 web=1');
    });

    test('moves those that something asks for in another version, and no other', async () => {
      await publish({ release, security });
      expect(await resolve('web,app', { keep: [pinned('lib', '1'), pinned('log', '1')] })).toBe(
        'app=1 lib=2 log=1 web=1',
      );
    });

    test('prefers them among those that provide a name', async () => {
      await publish({
        release: [
          ['web', '1', needs('mta')],
          ['exim', '1', gives('mta')],
          ['postfix', '1', gives('mta')],
        ],
      });
      expect(await resolve('web', { keep: [pinned('postfix', '1')] })).toBe('postfix=1 web=1');
    });
  });

  test('follows only the dependencies that it is told to', async () => {
    await publish({
      release: [
        ['linux-image-cloud', '6', needs('linux-image-6.12 (= 6), initramfs-tools | dracut')],
        ['linux-image-6.12', '6', needs('kmod, linux-image-x | kmod')],
        ['kmod', '1'],
      ],
    });
    const follow = (name: string): boolean => name.startsWith('linux-image-6');
    expect(await resolve('linux-image-cloud', { follow })).toBe('linux-image-6.12=6 linux-image-cloud=6');
  });

  test('adds what is always there, without what that needs', async () => {
    await publish({
      release: [
        ['web', '1', needs('base')],
        ['base', '1', needs('awk')],
        ['users', '1', needs('shell')],
        ['awk', '1'],
        ['shell', '1'],
      ],
    });
    expect(await resolve('web', { always: ['base', 'users'] })).toBe('base=1 users=1 web=1');
    expect(await resolve('web,base', { always: ['base', 'users'] })).toBe('awk=1 base=1 users=1 web=1');
    await expect(resolve('web', { always: ['nope'] })).rejects.toMatchObject({ code: 'unknown-package' });
  });

  test('fetches nothing a second time, and works offline then', async () => {
    await archive.publishAll({ release: [['aa', '1']] });
    const online = { mirrors: archive.mirrors, maxAgeSeconds: 3600 };
    await resolve('aa', online);
    // Three releases, and two indexes: two of the suites are empty, so theirs is the same file.
    expect(archive.requests).toHaveLength(5);
    await resolve('aa', online);
    expect(archive.requests).toHaveLength(5);
    await archive.stop();
    expect(await resolve('aa', { ...online, offline: true })).toBe('aa=1');
  });
});
