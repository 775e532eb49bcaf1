import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { LockedImage } from '../model/lock.js';
import { unpinnedLock } from '../model/lock.js';
import { decodeLock, encodeLock } from './lock-text.js';
import { thousandPackages } from './thousand-packages.fixture.js';

const IMAGE: LockedImage = {
  lock: { ...unpinnedLock({ hostname: 'web' }), recipe: 1, pins: {}, files: {}, guest: null },
  sources: { '0': 'page/index.html' },
};

test('decodeLock() gives back what encodeLock() was given', () => {
  expect(decodeLock(encodeLock(IMAGE))).toEqual(IMAGE);
});

test.each([
  ['nothing', undefined],
  ['no base64', '%%%'],
  ['another text', deflateRawSync('{}').toString('base64')],
  ['a bomb', deflateRawSync(Buffer.alloc(65 * 1024 * 1024)).toString('base64')],
])('decodeLock() refuses %s with what to do', (_name, text) => {
  expect(() => decodeLock(text)).toThrow(/Cannot read the lock of the image: .*; pass an ingot.Image/);
});

/**
 * 43 bytes of it are the digest: 32 that nothing makes smaller, as base64. The state has it among inputs and outputs.
 * Files in the image are not in it: what is in packages, images and folders is behind their digests.
 */
test('encodeLock() needs at most 100 bytes for each package, of a thousand', () => {
  const pins = { 'deb:web': thousandPackages() };
  const sizeBytes = encodeLock({ ...IMAGE, lock: { ...IMAGE.lock, pins } }).length;
  expect(sizeBytes / 1000).toBeLessThan(100);
  // Or the packages of this test have become more alike than real ones.
  expect(sizeBytes / 1000).toBeGreaterThan(90);
});
