import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { hexOf, sha256 } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import { unpinnedLock } from '../model/lock.js';
import type { PinnedPackage } from '../model/pin.js';
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

const SYLLABLES = [
  'lib',
  'perl',
  'python3-',
  'ra',
  'net',
  'go',
  'tex',
  'utils',
  'qt',
  'mo',
  'font',
  'dev',
  'cli',
  'x',
  'io',
  'gnu',
];

/** Nearly as different from others as packages of Debian are: a thousand of those, taken evenly, need 97 kB. */
function packageOf(index: number): PinnedPackage {
  const digest = sha256(`package ${index}`);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = Buffer.from(hexOf(digest), 'hex');
  const name = [a, b, c, d, h, i].map((byte) => SYLLABLES[byte % SYLLABLES.length]).join('') + (e % 32);
  const version = `${e % 10}.${f % 32}.${g % 16}-${(a % 8) + 1}${b % 4 === 0 ? `+deb13u${c % 4}` : ''}`;
  const architecture = d % 4 === 0 ? 'all' : 'amd64';
  const source = e % 2 === 0 ? name : SYLLABLES[f % SYLLABLES.length] + name.slice(0, 5 + (h % 8));
  const path = `pool/main/${source[0]}/${source}/${name}_${version}_${architecture}.deb`;
  const sizeBytes = (e * 65536 + f * 256 + g) >> (a % 8);
  return { name, version, architecture, digest: sha256(`digest ${index}`), sizeBytes, archive: 'main', path };
}

/**
 * 43 bytes of it are the digest: 32 that nothing makes smaller, as base64. The state has it among inputs and outputs.
 * Files in the image are not in it: what is in packages, images and folders is behind their digests.
 */
test('encodeLock() needs at most 100 bytes for each package, of a thousand', () => {
  const packages = Array.from({ length: 1000 }, (_, index) => packageOf(index)).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const pins = { 'deb:web': { kind: 'debian', suite: 'trixie', packages } as const };
  const sizeBytes = encodeLock({ ...IMAGE, lock: { ...IMAGE.lock, pins } }).length;
  expect(sizeBytes / 1000).toBeLessThan(100);
  // Or the packages of this test have become more alike than real ones.
  expect(sizeBytes / 1000).toBeGreaterThan(90);
});
