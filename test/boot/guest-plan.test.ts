import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause } from '../skip.js';

const SCRIPTS = join(__dirname, '../../provider/src/guest/root/usr/lib/ingot');

/** Prints what a fragment would do, a line for each call and the fields of each between bytes that no test uses. */
const SHOW = `
show() { printf '%s\\036' "$@"; printf '\\035'; }
mount_for() { show mount "$@"; }
make_folder() { show mkdir "$@"; }
make_cgroup() { show cgroup "$@"; }
exec_in_container() { show exec "$@"; }
. "$1"
prepare || show refuse "$problem"
health_command
for name in $2; do eval "show set $name \\"\\$$name\\""; done
`;
const VARIABLES =
  'optional secrets stop_signal stop_timeout restart_policy restart_limit restart_delay restart_longest after before ' +
  'health health_port health_path health_status health_interval health_timeout health_retries health_start';

describe('plan.awk', () => {
  skipAllBecause(missingPrograms('busybox'));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-plan-'));
    mkdirSync(join(folder, 'out/services'), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Writes the files of services and has awk make their plans. Gives what it prints. */
  function planAll(services: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
    const places = Object.entries(services).map(([name, files]) => {
      const place = join(folder, 'containers/services', name);
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place, { recursive: true });
      for (const [file, text] of Object.entries({ runtime: '{}', ...files })) {
        writeFileSync(join(place, `${file}.json`), text);
      }
      return place;
    });
    const scripts = ['json.awk', 'plan.awk'].flatMap((name) => ['-f', join(SCRIPTS, name)]);
    return run('awk', ['-v', `out=${folder}/out`, ...scripts, ...places]);
  }

  /** Runs what machines have. */
  function run(applet: string, args: string[]): string {
    // Bytes, as in the machine, which knows no locale.
    const env = { ...process.env, LC_ALL: 'C' };
    const { status, stdout, stderr } = spawnSync('busybox', [applet, ...args], { encoding: 'utf8', env });
    expect(status, stderr).toBe(0);
    return stdout;
  }

  /** What the shell would do with the plan of a service: calls with their arguments, and the variables that it names. */
  function show(name: string, variables = ''): string[][] {
    const text = run('sh', ['-c', SHOW, 'sh', join(folder, 'out/services', name), variables]);
    const calls = text.split('\x1d').slice(0, -1);
    return calls.map((call) => call.split('\x1e').slice(0, -1));
  }

  function prepare(runtime: string): string[][] {
    planAll({ web: { runtime } });
    return show('web').filter(([verb]) => verb !== 'exec');
  }

  function settings(name: string): Record<string, string> {
    const calls = show(name, `${VARIABLES} `).filter(([verb]) => verb === 'set');
    return Object.fromEntries(calls.map(([, variable = '', value = '']) => [variable, value]));
  }

  const NAMESPACES = { cgroup: '', ipc: '', mnt: '', net: '', pid: '', user: '', uts: '' };

  test('prepares mounts, then folders, then cgroups, each in their order', () => {
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
    for (const indent of [0, 4, '\t']) expect(prepare(JSON.stringify(runtime, null, indent))).toEqual(expected);
  });

  test('has nothing to prepare for an empty object and null', () => {
    for (const text of ['{}', '{"mounts": null, "mkdir": [], "bindNS": {"net": ""}}'])
      expect(prepare(text)).toEqual([]);
  });

  test('hands every text to the shell as it is', () => {
    const word = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\\', '"', "'", '$', '`', '\n', '\t', '\b', '{', ']', ',', ':', '<', '&', '\x01', '\x7f', 'é'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
    });
    const possible = word.filter((text) => !/[\0\x1d\x1e]/.test(text));
    fc.assert(
      fc.property(fc.array(possible, { maxLength: 5 }), (words) => {
        // As Go writes it.
        const go = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003E');
        planAll({ web: { runtime: go({ mkdir: words }), ingot: go({ health: { command: ['run', ...words] } }) } });
        expect(show('web')).toEqual([...words.map((path) => ['mkdir', path]), ['exec', 'run', ...words]]);
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['{"interfaces": [{"name": "eth1"}]}', 'runtime.interfaces is not supported by this init'],
    ['{"bindNS": {"net": "/run/net"}}', 'runtime.bindNS is not supported by this init'],
    ['{"mkdir": ["/a\\u0000b"]}', 'runtime.json is not valid: a character that no file may have: \\u0000'],
    ['{"mkdir": ["/a\\qb"]}', 'runtime.json is not valid: an escape that JSON does not have: \\q'],
    ['{"mkdir": ["/a"', 'runtime.json is not valid: a comma is missing'],
    ['{"mkdir" ["/a"]}', 'runtime.json is not valid: a colon is missing'],
    ['{"mkdir": [,]}', 'runtime.json is not valid: a value is missing'],
    ['{"mkdir": "/a}', 'runtime.json is not valid: a string is missing, or its end'],
    ['', 'runtime.json is not valid: it is not there'],
    ['{} {}', 'runtime.json is not valid: text after its end'],
  ])('refuses %j', (text, why) => {
    expect(prepare(text)).toEqual([['refuse', why]]);
  });

  test('refuses an ingot.json that is not valid', () => {
    planAll({ web: { ingot: '{"after": [' } });
    expect(show('web')).toContainEqual(['refuse', 'ingot.json is not valid: a value is missing']);
  });

  test('has the defaults of the spec where a container says nothing', () => {
    planAll({ web: {} });
    expect(settings('web')).toEqual({
      ...{ optional: '', secrets: '', after: '', before: '', stop_signal: 'TERM', stop_timeout: '10' },
      ...{ restart_policy: 'always', restart_limit: '', restart_delay: '1', restart_longest: '60' },
      ...{ health: '', health_port: '', health_path: '/', health_status: '', health_interval: '10' },
      ...{ health_timeout: '5', health_retries: '3', health_start: '60' },
    });
  });

  test('says who comes after whom, and how long it takes until all have stopped', () => {
    const stop = (timeoutSeconds: number, after: string[] = []) => ({
      ingot: JSON.stringify({ after, stop: { signal: 'SIGINT', timeoutSeconds } }),
    });
    const services = { db: stop(30), web: stop(5, ['db', 'queue']), queue: stop(20, ['db']), alone: stop(40) };
    expect(planAll(services)).toBe('55\n');
    expect(settings('db')).toMatchObject({ after: '', before: 'web queue', stop_signal: 'INT', stop_timeout: '30' });
    expect(settings('web')).toMatchObject({ after: 'db queue', before: '' });
    expect(planAll({ a: stop(1, ['b']), b: stop(1, ['a']) })).toMatch(/^\d+\n$/);
  });

  test.each([
    [
      { http: { port: 80, path: '/x', status: 204 } },
      { health: 'http', health_port: '80', health_path: '/x', health_status: '204' },
    ],
    [
      { tcp: { port: 5432 }, retries: 1 },
      { health: 'tcp', health_port: '5432', health_retries: '1' },
    ],
    [
      { command: ['true'], intervalSeconds: 2 },
      { health: 'command', health_interval: '2' },
    ],
  ])('reads the health check %j', (health, expected) => {
    planAll({ web: { ingot: JSON.stringify({ health }) } });
    expect(settings('web')).toMatchObject(expected);
  });

  test('gives secrets to the user of the container, as the machine knows it', () => {
    const config = {
      process: { user: { uid: 5, gid: 6 } },
      linux: { uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }] },
    };
    planAll({ web: { ingot: '{"secrets":["a","b"]}', config: JSON.stringify(config, null, 4) } });
    expect(show('web', 'secrets secret_uid secret_gid')).toEqual([
      ['exec'],
      ['set', 'secrets', 'a b'],
      ['set', 'secret_uid', '1005'],
      ['set', 'secret_gid', '6'],
    ]);
  });
});
