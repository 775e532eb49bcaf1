import type { DebianPin, PinnedPackage } from '../../model/pin.js';
import type { PackageFile } from './package-file.js';

/**
 * A pin with what its package files hold now; undefined where they are other packages, or need others than they did: then
 * what was pinned with them may not do.
 */
export function withFilesNow(pin: DebianPin, files: readonly PackageFile[]): DebianPin | undefined {
  const waiting = new Map(files.map(({ entry }) => [entry.name, entry]));
  const packages = pin.packages.map((pinned): PinnedPackage | undefined => {
    if (pinned.relations === undefined) return pinned;
    const entry = waiting.get(pinned.name);
    if (entry?.relations !== pinned.relations) return undefined;
    waiting.delete(pinned.name);
    const { version, architecture, digest, sizeBytes, path } = entry;
    return { ...pinned, version, architecture, digest, sizeBytes, path };
  });
  if (waiting.size > 0 || packages.includes(undefined)) return undefined;
  return { ...pin, packages: packages as PinnedPackage[] };
}
