import { describe, expect, test } from 'vitest';
import type { Container } from '../model/index.js';
import { hardened, hardensContainers } from './hardening.js';

const NAMED = { name: 'web', image: 'deb:x' };
const paths = (container: Partial<Container>): readonly string[] => {
  const { maskedPaths = [], readonlyPaths = [] } = hardened({ ...NAMED, ...container }, 'services[0]');
  return [...maskedPaths, ...readonlyPaths];
};
const sysOptions = (container: Partial<Container>): readonly string[] | undefined =>
  hardened({ ...NAMED, ...container }, 'services[0]').mounts?.find(({ destination }) => destination === '/sys')
    ?.options;

describe('hardened()', () => {
  test('keeps what the spec says', () => {
    const said = { ...NAMED, noNewPrivileges: false, maskedPaths: [], readonlyPaths: ['/srv'] };
    expect(hardened(said, 'services[0]')).toEqual({ ...said, mounts: [] });
  });

  test('gives what it does not say', () => {
    expect(hardened(NAMED, 'services[0]')).toMatchObject({ noNewPrivileges: true });
    expect(paths({})).toEqual(expect.arrayContaining(['/proc/kcore', '/sys/firmware', '/proc/sys']));
    expect(sysOptions({})).toContain('ro');
  });

  test.each<[string, Partial<Container>, string, string]>([
    ['a mount in the place of /proc', { mounts: [{ type: 'proc', options: ['rw'] }] }, '/proc/', '/sys/firmware'],
    ['a bind of /proc', { binds: ['/proc:/proc/'] }, '/proc/', '/sys/firmware'],
    ['a mount below', { tmpfs: ['/proc/sys/fs/binfmt_misc'] }, '/proc/sys/', '/proc/kcore'],
    ['a mount at the place', { binds: ['/empty:/proc/kcore'] }, '/proc/kcore', '/proc/sys'],
    ['a bind of /sys', { binds: ['/sys:/sys'] }, '/sys/', '/proc/kcore'],
  ])('leaves %s as it is', (_, container, without, still) => {
    expect(paths(container).filter((path) => `${path}/`.startsWith(without))).toEqual([]);
    expect(paths(container)).toContain(still);
  });

  test('keeps a mount of /sys that is the own one, and mounts beside it', () => {
    expect(sysOptions({ mounts: [{ type: 'sysfs', destination: '/sys', options: ['rw'] }] })).toEqual(['rw']);
    expect(hardened({ ...NAMED, binds: ['/sys:/sys'] }, 'services[0]').mounts).toEqual([]);
    expect(sysOptions({ binds: ['/x:/system'] })).toContain('ro');
  });

  test('leaves the settings to who may mount', () => {
    for (const capabilities of [['all'], ['CAP_SYS_ADMIN']]) {
      const container = { ...NAMED, capabilities };
      expect(hardened(container, 'services[0]')).toEqual({ ...container, noNewPrivileges: true });
    }
  });
});

test('hardensContainers() is true of locks since recipe 2 that have the init', () => {
  const guest = { version: 1, pin: { kind: 'debian' as const, suite: 'trixie', packages: [] } };
  expect(hardensContainers({ guest, recipe: 2 })).toBe(true);
  expect(hardensContainers({ guest, recipe: 1 })).toBe(false);
  expect(hardensContainers({ guest: null, recipe: 2 })).toBe(false);
});
