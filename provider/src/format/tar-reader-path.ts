import { FormatError } from './error.js';
import { decodePath } from './path-text.js';

/**
 * A path out of an archive in normal form: relative, without `.`, empty components and slashes at either end. The root
 * itself is the empty text.
 * @throws {FormatError} `malformed` for `..`, which would lead out of the root, and for NUL.
 */
export function normalizeArchivePath(bytes: Buffer): string {
  if (bytes.includes(0)) throw new FormatError('malformed', 'its path holds a NUL byte');
  const path = decodePath(bytes);
  // Nearly all paths are `./usr/bin/x`; only the odd one needs more.
  const simple = path.startsWith('./') ? path.slice(2) : path;
  if (/^[^/.][^/]*(?:\/[^/.][^/]*)*$/.test(simple)) return simple;
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) {
    throw new FormatError('malformed', `its path ${JSON.stringify(path)} leads out of the root`);
  }
  return components.join('/');
}
