import { describe, expect, test } from 'vitest';
import type { Container } from '../model/index.js';
import { CAPABILITIES } from '../model/spec.js';
import { ociConfig } from './oci-config.js';

const ids = new Map([['web', 101]]);
const passwd = new Map([['www-data', 33]]);

function config(container: Partial<Container>, hardenedFor?: 'amd64'): string {
  return ociConfig(
    { name: 'web', image: 'deb:x', ...container },
    { property: 'services[0]', args: ['/bin/x'], env: [], uids: [ids, passwd], gids: [ids, passwd], hardenedFor },
  );
}

const parsed = (container: Partial<Container>) => JSON.parse(config(container));

test('ociConfig() writes the defaults exactly', () => {
  expect(config({})).toMatchSnapshot();
});

test('ociConfig() writes every field in the order of the runtime specification', () => {
  const text = config({
    readonly: true,
    hostname: 'h',
    cwd: '/srv',
    capabilities: ['CAP_NET_BIND_SERVICE', 'CAP_CHOWN'],
    ambient: ['CAP_SYS_TIME'],
    tmpfs: ['/tmp:size=1m,noexec', '/run'],
    binds: ['/etc/resolv.conf:/etc/resolv.conf', '/var/lib/x:/data:ro'],
    mounts: [{ source: 'mqueue' }, { destination: '/dev', options: ['mode=700'] }],
    devices: [
      { path: 'all', type: 'b', major: 0, minor: 0 },
      { path: '/dev/fuse', type: 'c', major: 10, minor: 229, mode: '0666' },
    ],
    net: 'new',
    ipc: 'host',
    uts: '/proc/1/ns/uts',
    pid: 'host',
    userns: 'new',
    uid: 'www-data',
    gid: 'web',
    additionalGids: [4, 'root'],
    noNewPrivileges: true,
    oomScoreAdj: 0,
    rlimits: ['nofile,1024,unlimited', 'RLIMIT_CORE, 0, 0'],
    resources: { pids: { limit: 5 }, memory: { swap: 2, limit: 1 }, devices: [{ access: 'r', allow: false }] },
    sysctl: { 'net.b': '1', 'net.a': '0' },
    annotations: { '9': '<', '10': 'x' },
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
    uidMappings: [{ hostID: 1, containerID: 0, size: 10 }],
    cgroupsPath: '/a',
    rootfsPropagation: 'shared',
  });
  expect(text).toMatchSnapshot();
});

test('ociConfig() writes what a hardened container may not do, unless the spec says otherwise', () => {
  const text = config({}, 'amd64');
  expect(text).toMatchSnapshot();
  expect(config({ hardened: true }, 'amd64')).toBe(text);
  expect(config({ hardened: false }, 'amd64')).toBe(config({}));
  const { process, linux } = JSON.parse(config({ capabilities: ['all'] }, 'amd64'));
  expect(process.noNewPrivileges).toBe(true);
  for (const name of ['seccomp', 'maskedPaths', 'readonlyPaths']) expect(linux).not.toHaveProperty(name);
});

describe('ociConfig() mounts', () => {
  const destinations = (container: Partial<Container>) =>
    parsed(container).mounts.map((mount: { destination: string }) => mount.destination);

  test('are sorted by bytes, and later kinds take the place of earlier ones', () => {
    const container = { tmpfs: ['/run', '/sys'], binds: ['/a:/run'], mounts: [{ type: 'tmpfs', destination: '/Z' }] };
    expect(destinations(container)).toEqual(['/Z', '/dev', '/dev/pts', '/proc', '/run', '/sys', '/sys/fs/cgroup']);
    const run = parsed(container).mounts.find((mount: { destination: string }) => mount.destination === '/run');
    expect(run).toEqual({ destination: '/run', type: 'bind', source: '/a', options: ['rw', 'rbind', 'rshared'] });
  });

  test('take binds.add where binds is not set, each once', () => {
    expect(destinations({ 'binds.add': ['/x:/x', '/x:/x'] })).toContain('/x');
    expect(destinations({ binds: [], 'binds.add': ['/x:/x'] })).not.toContain('/x');
  });

  test.each<[string, Partial<Container>]>([
    ['Cannot mount a tmpfs for "/a:b:c"', { tmpfs: ['/a:b:c'] }],
    ['Cannot bind "/a"', { binds: ['/a'] }],
    ['Cannot bind "/a:/b:ro:x"', { binds: ['/a:/b:ro:x'] }],
    ['Cannot bind ":/b"', { binds: [':/b'] }],
    ['Cannot mount /x: it has no type', { mounts: [{ destination: '/x' }] }],
    ['Cannot mount constructor: it has no type', { mounts: [{ source: 'constructor' }] }],
    ['Cannot mount a toString: it has no destination', { mounts: [{ type: 'toString' }] }],
    ['Cannot mount a ext4: it has no destination', { mounts: [{ type: 'ext4' }] }],
  ])('are refused: %s', (message, container) => {
    expect(() => config(container)).toThrow(message);
  });
});

describe('ociConfig() capabilities', () => {
  test('all, in any case, and none', () => {
    expect(parsed({ capabilities: ['ALL'] }).process.capabilities.effective).toEqual(CAPABILITIES);
    expect(parsed({ capabilities: ['all'] }).process.capabilities.bounding).toEqual([...CAPABILITIES].sort());
    expect(parsed({ capabilities: ['none'] }).process.capabilities).toEqual({});
    expect(CAPABILITIES).toHaveLength(41);
  });

  test('add where capabilities is not set', () => {
    expect(parsed({ 'capabilities.add': ['CAP_KILL'] }).process.capabilities.effective).toEqual(['CAP_KILL']);
  });

  test('unknown ones are refused, with the nearest', () => {
    expect(() => config({ capabilities: ['NET_BIND_SERVICE'] })).toThrow(
      'Cannot give the capability "NET_BIND_SERVICE": Linux has none of that name; did you mean CAP_NET_BIND_SERVICE?',
    );
    expect(() => config({ ambient: ['all', 'CAP_KILL'] })).toThrow('Cannot give the capability "all"');
  });
});

test.each<[string, Partial<Container>]>([
  [
    'Cannot use "nobody" as services[0].uid: there is no such name; wanted a number, or one of root, web, www-data',
    { uid: 'nobody' },
  ],
  ['Cannot use "x" as services[0].additionalGids[1]', { additionalGids: [1, 'x'] }],
  ['Cannot set the limit "nofile,1"', { rlimits: ['nofile,1'] }],
  ['Cannot set the limit "nofiles,1,1"', { rlimits: ['nofiles,1,1'] }],
  ['Cannot set the limit "nofile,-1,1"', { rlimits: ['nofile,-1,1'] }],
  ['Cannot set the limit "nofile,1,18446744073709551616"', { rlimits: ['nofile,1,18446744073709551616'] }],
  ['Cannot make the device /dev/x: its mode is ""', { devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 1 }] }],
])('ociConfig() refuses: %s', (message, container) => {
  expect(() => config(container)).toThrow(message);
});
