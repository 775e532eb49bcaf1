import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elfModule } from '../../format/elf-modinfo.fixture.js';
import { type Module, makeModuleIndexes } from './kernel-depmod.js';

const module = (path: string, depends = '', ...more: (readonly [string, string])[]): Module => ({
  path: `kernel/${path}.ko`,
  modinfo: [['license', 'GPL'], ...more, ['depends', depends]],
});

const modules = [
  module('fs/ext4', 'jbd2,mbcache,crc-16', ['alias', 'fs-ext4'], ['softdep', 'pre: crc32c']),
  module('fs/jbd2'),
  module('fs/mbcache'),
  module('lib/crc-16'),
  module('net/tun', '', ['alias', 'devname:net/tun'], ['alias', 'char-major-10-200']),
  module('net/vhost_net', 'tun,vhost', ['alias', 'devname:vhost-net']),
  module('net/vhost', 'vhost_iotlb'),
  module('net/vhost_iotlb'),
  module('block/brd', '', ['alias', 'block-major-1-*'], ['alias', 'rd']),
  module('block/nbd', '', ['alias', 'devname:nbd'], ['alias', 'block-major-43-0']),
];
const order = ['net/vhost_net', 'net/tun', 'fs/ext4', 'fs/mbcache'].map((path) => `kernel/${path}.ko\n`).join('');

/** `path: needs…` with what is needed sorted: depmod's own order among equals is by chance. */
const sets = (dep: string) =>
  dep
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [path = '', ...needs] = line.split(/:? +|:$/);
      return [path, needs.filter((need) => need !== '').sort()];
    });

describe('makeModuleIndexes()', () => {
  test('gives what depmod gives', (context) => {
    if (spawnSync('depmod', ['--version'], { env: withSbin }).status !== 0)
      context.skip('needs depmod, of the package kmod');
    const folder = mkdtempSync(join(tmpdir(), 'ingot-depmod-'));
    try {
      const release = join(folder, 'lib/modules/6.1.0-test');
      for (const { path, modinfo } of modules) {
        mkdirSync(dirname(join(release, path)), { recursive: true });
        const own = path.slice(path.lastIndexOf('/') + 1, -3).replaceAll('-', '_');
        const depends =
          modinfo
            .find(([key]) => key === 'depends')?.[1]
            .replaceAll('-', '_')
            .split(',') ?? [];
        const imports = depends.filter((name) => name !== '').map((name) => `${name}_symbol`);
        writeFileSync(join(release, path), elfModule({ modinfo, exports: [`${own}_symbol`], imports }));
      }
      writeFileSync(join(release, 'modules.order'), order);
      writeFileSync(join(release, 'modules.builtin'), '');
      execFileSync('depmod', ['-b', folder, '6.1.0-test'], { env: withSbin, stdio: 'pipe' });
      const theirs = (name: string) => readFileSync(join(release, name), 'utf8');
      const ours = makeModuleIndexes(modules, order);
      const inOrder = 4;
      for (const name of ['modules.alias', 'modules.softdep', 'modules.devname'] as const) {
        expect(ours[name].split('\n').sort()).toEqual(theirs(name).split('\n').sort());
      }
      expect(sets(ours['modules.dep']).slice(0, inOrder)).toEqual(sets(theirs('modules.dep')).slice(0, inOrder));
      expect(sets(ours['modules.dep']).sort()).toEqual(sets(theirs('modules.dep')).sort());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('lists modules in the order of modules.order, then by path', () => {
    const paths = sets(makeModuleIndexes(modules, order)['modules.dep']).map(([path]) => path);
    expect(paths.slice(0, 5)).toEqual([
      'kernel/net/vhost_net.ko',
      'kernel/net/tun.ko',
      'kernel/fs/ext4.ko',
      'kernel/fs/mbcache.ko',
      'kernel/block/brd.ko',
    ]);
  });

  test('leaves out what is not there, and cuts circles', () => {
    const circle = [module('a', 'b,gone'), module('b', 'c'), module('c', 'a,c')];
    expect(makeModuleIndexes(circle, '')['modules.dep']).toBe(
      'kernel/a.ko: kernel/b.ko kernel/c.ko\nkernel/b.ko: kernel/c.ko kernel/a.ko\nkernel/c.ko: kernel/a.ko kernel/b.ko\n',
    );
  });

  test('adds no line for a value that holds one', () => {
    const hostile = [module('a', '', ['alias', 'x\nalias * evil'], ['softdep', 'pre: b\nsoftdep x y'])];
    const indexes = makeModuleIndexes(hostile, '');
    expect(indexes['modules.alias']).toBe('# Aliases extracted from modules themselves.\n');
    expect(indexes['modules.softdep']).toBe('# Soft dependencies extracted from modules themselves.\n');
  });

  test('lists a long chain of modules', () => {
    const chain = Array.from({ length: 500 }, (_, at) => module(`m${at}`, `m${at + 1}`));
    const [first = ''] = makeModuleIndexes(chain, '')['modules.dep'].split('\n');
    expect(first.split(' ')).toHaveLength(500);
  });

  test('names before a module whatever needs it, for any dependencies without circles', () => {
    const graph = fc.array(fc.uniqueArray(fc.nat(30), { maxLength: 5 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(graph, (needs) => {
        const below = (at: number) => (needs[at] ?? []).filter((need) => need > at && need < needs.length);
        const all = needs.map((_, at) =>
          module(
            `m${at}`,
            below(at)
              .map((need) => `m${need}`)
              .join(','),
          ),
        );
        for (const line of makeModuleIndexes(all, '')['modules.dep'].trimEnd().split('\n')) {
          const listed = [...line.matchAll(/m(\d+)\.ko/g)].map((match) => Number(match[1]));
          expect(new Set(listed).size).toBe(listed.length);
          listed.forEach((number, place) => {
            for (const need of below(number)) expect(listed.indexOf(need)).toBeGreaterThan(place);
          });
        }
      }),
    );
  });
});

const withSbin = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
