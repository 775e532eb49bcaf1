import { expect, test } from 'vitest';
import { lockTimes } from './lock-times.js';
import type { Pin } from './pin.js';

const debian = (suite: string): Pin => ({ kind: 'debian', suite, packages: [] });
const now = new Date('2026-11-22T18:00:00.123Z');

test('lockTimes() gives what moved the time of now, and keeps that of the rest', () => {
  const first = lockTimes(
    {
      pins: { 'deb:b': debian('x'), 'deb:a': debian('x'), 'dir:c': { kind: 'directory', digest: 'sha256:0' } },
      guest: null,
    },
    { now },
  );
  expect(Object.entries(first)).toEqual([
    ['deb:a', '2026-11-22T18:00:00Z'],
    ['deb:b', '2026-11-22T18:00:00Z'],
  ]);
  const guest = { version: 1, pin: debian('x') };
  const previous = { pins: { 'deb:a': debian('x'), 'deb:b': debian('x') }, guest, lockedAt: first };
  const later = new Date('2026-12-01T00:00:00Z');
  expect(lockTimes({ pins: { 'deb:a': debian('y'), 'deb:b': debian('x') }, guest }, { previous, now: later })).toEqual({
    'deb:a': '2026-12-01T00:00:00Z',
    'deb:b': '2026-11-22T18:00:00Z',
  });
});
