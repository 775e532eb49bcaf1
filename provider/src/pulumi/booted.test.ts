import { expect, test } from 'vitest';
import type { Digest } from '../model/digest.js';
import { type Lock, unpinnedLock } from '../model/lock.js';
import { endpointsOf, lockIn, MachineInputs, unpacked } from './booted.js';
import { encodeLock } from './lock-text.js';

const digest: Digest = `sha256:${'a'.repeat(64)}`;
const guest: Lock['guest'] = { version: 2, pin: { kind: 'debian', suite: 'trixie', packages: [] } };
const locked = (spec: Lock['spec'], init: Lock['guest'] = guest): Lock => ({
  ...{ ...unpinnedLock(spec), recipe: 1, pins: {}, files: {} },
  guest: init,
});

test('endpointsOf() gives addresses as they stand in a URL, and that of the health check', () => {
  const ports = [
    { host: 8080, guest: 80 },
    { host: 8081, guest: 81, address: '::1' },
  ];
  const of = (port: number) =>
    endpointsOf(MachineInputs.parse({ imageDigest: digest, ports, health: { http: { port } } }));
  expect(of(80)).toEqual({ endpoints: ['127.0.0.1:8080', '[::1]:8081'], url: 'http://127.0.0.1:8080' });
  expect(of(81).url).toBe('http://[::1]:8081');
  expect(of(82)).not.toHaveProperty('url');
});

test('lockIn() is what an image that is built here has, and a published one does not need', () => {
  const lock = locked({ platform: 'linux/arm64' });
  const __lock = encodeLock({ lock, sources: {} });
  expect(lockIn({}, { __lock })).toEqual(lock);
  const imageRef = { file: '/a.img', format: 'raw-efi', platform: 'linux/arm64' } as const;
  expect(lockIn({ imageRef }, {})).toBeUndefined();
});

test.each<[boolean, string, Lock | undefined, 'uefi' | undefined]>([
  [true, 'where the kernel is booted', locked({}), undefined],
  [false, 'on a disk that firmware boots', locked({}), 'uefi'],
  [false, 'on a disk', locked({ root: 'disk' }), undefined],
  [true, 'in memory, as the spec says', locked({ root: 'ram' }), 'uefi'],
  [true, 'with an init of its own', locked({ root: 'disk' }, null), undefined],
  [false, 'of which nothing is known', undefined, undefined],
])('unpacked() is %s for a root %s', (expected, _what, lock, firmware) => {
  expect(unpacked({ firmware }, lock)).toBe(expected);
});
