import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const PLAN = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot/plan.awk');

/** The host's awk instead of busybox's, which the boot tests use. */
describe('plan.awk', () => {
  skipAllBecause(missingPrograms('awk'));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-plan-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What is to be done for a container, its folder left out. */
  function plan(runtime: string): string[][] {
    writeFileSync(join(folder, 'runtime.json'), runtime);
    // Bytes, as in the machine, which knows no locale.
    const environment = { ...process.env, LC_ALL: 'C' };
    const { status, stdout, stderr } = spawnSync('awk', ['-f', PLAN, join(folder, 'runtime.json')], {
      encoding: 'utf8',
      env: environment,
    });
    expect(status, stderr).toBe(0);
    const lines = stdout.split('\n').slice(0, -1);
    return lines.map((line) => {
      const [verb, where, ...fields] = line.split('\x1f');
      expect(where).toBe(folder);
      return [verb ?? '', ...fields];
    });
  }

  const NAMESPACES = { cgroup: '', ipc: '', mnt: '', net: '', pid: '', user: '', uts: '' };

  test('prints mounts, then folders, then cgroups, each in their order', () => {
    const runtime = {
      cgroups: ['group'],
      mounts: [
        { source: 'tmpfs', type: 'tmpfs', destination: '/c/tmp' },
        { destination: '/c/tmp', options: ['remount', 'private'] },
        {
          type: 'overlay',
          source: 'overlay',
          destination: '/c/rootfs',
          options: ['lowerdir=/c/lower', 'upperdir=/c/u'],
        },
      ],
      mkdir: ['/var/one', '/var/t w o'],
      interfaces: [],
      bindNS: NAMESPACES,
      namespace: '',
    };
    const expected = [
      ['mount', 'tmpfs', 'tmpfs', '/c/tmp', ''],
      ['mount', '', '', '/c/tmp', 'remount,private'],
      ['mount', 'overlay', 'overlay', '/c/rootfs', 'lowerdir=/c/lower,upperdir=/c/u'],
      ['mkdir', '/var/one'],
      ['mkdir', '/var/t w o'],
      ['cgroup', 'group'],
    ];
    for (const indent of [0, 4, '\t']) expect(plan(JSON.stringify(runtime, null, indent))).toEqual(expected);
  });

  test('has nothing to do for an empty object and null', () => {
    for (const text of ['{}', '{"mounts": null, "mkdir": [], "bindNS": {"net": ""}}']) expect(plan(text)).toEqual([]);
  });

  test('keeps every path that can be printed', () => {
    const path = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\\', '"', '{', ']', ',', ':', '<'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
    });
    const printable = path.filter((text) => !/[\0-\x1f\x7f]/.test(text) && text !== 'null');
    fc.assert(
      fc.property(fc.array(printable, { maxLength: 5 }), (mkdir) => {
        // As Go writes it.
        const text = JSON.stringify({ mkdir }).replaceAll('<', '\\u003c').replaceAll('>', '\\u003E');
        expect(plan(text)).toEqual(mkdir.map((folder) => ['mkdir', folder]));
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['{"interfaces": [{"name": "eth1"}]}', 'runtime.interfaces is not supported by this init'],
    ['{"bindNS": {"net": "/run/net"}}', 'runtime.bindNS is not supported by this init'],
    ['{"mkdir": ["/a\\u001fb"]}', 'runtime.json is not valid: a string with a character that no path may have'],
    ['{"mkdir": ["/a\\nb"]}', 'runtime.json is not valid: a string with a character that no path may have'],
    ['{"mkdir": ["/a"', 'runtime.json is not valid: a comma is missing'],
    ['{"mkdir" ["/a"]}', 'runtime.json is not valid: a colon is missing'],
    ['{"mkdir": [,]}', 'runtime.json is not valid: a value is missing'],
    ['{"mkdir": "/a}', 'runtime.json is not valid: a string is missing'],
    ['', 'runtime.json is not valid: a value is missing'],
    ['{} {}', 'runtime.json is not valid: text after its end'],
  ])('refuses %j', (text, why) => {
    expect(plan(text)).toContainEqual(['refuse', why]);
  });
});
