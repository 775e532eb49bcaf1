import { join } from 'node:path';
import { type Digest, hexOf, isDigest, sha256 } from '../model/digest.js';

/** Where things lie in the folder of a store. */

/** @throws {RangeError} for what is no digest: what comes from a file or a mirror must not become a path. */
export function blobPath(directory: string, digest: Digest): string {
  if (!isDigest(digest)) throw new RangeError(`Cannot find a blob: ${JSON.stringify(digest)} is not a digest`);
  const hex = hexOf(digest);
  return join(blobsFolder(directory), hex.slice(0, 2), hex);
}

export function factPath(directory: string, key: string): string {
  const hex = hexOf(sha256(key));
  return join(factsFolder(directory), hex.slice(0, 2), `${hex}.json`);
}

export function blobsFolder(directory: string): string {
  return join(directory, 'blobs', 'sha256');
}

export function factsFolder(directory: string): string {
  return join(directory, 'facts');
}

export function marksFolder(directory: string): string {
  return join(directory, 'marks');
}

export function leasesFolder(directory: string): string {
  return join(directory, 'leases');
}

export function temporaryFolder(directory: string): string {
  return join(directory, 'temporary');
}
