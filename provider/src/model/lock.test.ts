import { describe, expect, test } from 'vitest';
import { archiveAddresses, type LockedImage, unpinnedLock, withoutAuth } from './lock.js';
import type { Spec } from './spec.js';

const sum = 'a'.repeat(64);
const repository = {
  ...{ name: 'ours', url: 'https://a.example/x', suites: ['./'], signedBy: 'a.asc', priority: 400 },
  auth: { user: 'ci', passwordVariable: 'PASSWORD' },
};

describe('unpinnedLock()', () => {
  test('has nothing of options that are not used', () => {
    expect(unpinnedLock({ services: [{ name: 'a', image: 'x' }] })).toEqual({
      ...{ version: 1, platform: 'linux/amd64', suite: 'trixie', sourceDateEpoch: 1492533000 },
      spec: { services: [{ name: 'a', image: 'x' }] },
    });
  });

  test('has what decides the bytes, and no address, path or repository', () => {
    const spec: Spec = {
      packages: ['curl'],
      users: [{ name: 'ann', uid: 1000 }],
      ca: ['PEM', { source: 'secret-path.pem' }],
      ntp: ['time.example'],
      root: 'disk',
      services: [{ name: 'a', image: 'x', restart: { limit: 1 }, secrets: ['k'] }],
      files: [
        { path: 'a', source: 'secret-path' },
        { path: 'b', source: { url: 'https://a.example/secret-path', sha256: sum }, uid: 'ann' },
        { path: 'c', source: { url: 'https://b.example/secret-path', sha256: sum, unpack: true } },
      ],
      debian: { suite: 'forky', mirror: 'https://c.example/secret-path', repositories: [repository] },
    };
    const lock = unpinnedLock(spec);
    expect(JSON.stringify(lock)).not.toMatch(/secret-path|example\/|signedBy|PASSWORD/);
    expect(lock.downloads).toEqual({
      1: { digest: `sha256:${sum}` },
      2: { digest: `sha256:${sum}`, unpack: true },
    });
    expect(lock.spec).toEqual({
      ...{ packages: ['curl'], users: spec.users, ca: ['PEM'], ntp: spec.ntp, root: 'disk', services: spec.services },
      files: [{ path: 'a' }, { path: 'b', uid: 'ann' }, { path: 'c' }],
    });
  });
});

describe('withoutAuth()', () => {
  const image = (spec: Spec): LockedImage => ({
    lock: {} as LockedImage['lock'],
    sources: {},
    mirrors: archiveAddresses(spec),
  });

  test('leaves the addresses of repositories, and nothing of how to get in', () => {
    const whole = image({ debian: { repositories: [repository] } });
    expect(whole.mirrors?.repositories).toEqual([{ name: 'ours', url: repository.url, auth: repository.auth }]);
    expect(withoutAuth(whole).mirrors?.repositories).toEqual([{ name: 'ours', url: repository.url }]);
  });

  test('changes nothing where there are none', () => {
    const plain = image({ debian: { mirror: 'https://a.example' } });
    expect(withoutAuth(plain)).toBe(plain);
    expect(plain.mirrors).toEqual({ main: 'https://a.example', security: undefined });
  });
});
