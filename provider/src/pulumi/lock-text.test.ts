import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { LockedImage } from '../model/lock.js';
import { unpinnedLock } from '../model/lock.js';
import { decodeLock, encodeLock } from './lock-text.js';

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
