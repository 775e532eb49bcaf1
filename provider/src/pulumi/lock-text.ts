import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { canonicalJson, type Json } from '../model/digest.js';
import { Lock, type LockedImage, withoutAuth } from '../model/lock.js';
import { StateError } from './state.js';

/** Bounds what a damaged or hostile state can cost; 1000 packages need about 300 kB. */
const MAX_LOCK_BYTES = 64 * 1024 * 1024;

/** A lock as it travels between resources: small enough for the state, and opaque. */
export function encodeLock(image: LockedImage): string {
  const text = canonicalJson(withoutAuth(image) as unknown as Json);
  return deflateRawSync(text, { level: 9 }).toString('base64');
}

/** @throws {StateError} `bad-lock` for anything that encodeLock did not write. */
export function decodeLock(text: unknown): LockedImage {
  try {
    if (typeof text !== 'string') throw new TypeError('it is missing');
    const json = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_LOCK_BYTES }).toString('utf8');
    const { lock, ...found } = JSON.parse(json) as LockedImage;
    return { lock: Lock.parse(lock), ...found };
  } catch (error) {
    throw new StateError(
      'bad-lock',
      'Cannot read the lock of the image: it is damaged or of another version; pass an ingot.Image, and run the update without --target',
      { cause: error },
    );
  }
}
