import type { Lock } from '../model/lock.js';
import type { Pin } from '../model/pin.js';
import { architectureOf } from '../model/platform.js';
import { packageFilesIn, withoutPaths } from '../model/reference.js';
import type { PackageFile } from './debian/package-file.js';
import { withFilesNow } from './debian/package-file-pin.js';
import { SourceError } from './error.js';
import type { SourceOptions } from './transport.js';

/** What package files of the user hold now, which references name. */
export interface PackageFiles {
  /** By the names that they have in the lock. */
  readonly files: ReadonlyMap<string, PackageFile>;
  /** By reference as it stands in the lock: as in the spec, to find the files again. */
  readonly images: Readonly<Record<string, string>>;
}

/**
 * Reads all package files that references name.
 * @throws {SourceError} as readPackageFile() does; `bad-reference` for two files of one name.
 */
export async function readPackageFiles(
  references: Iterable<readonly [reference: string, { readonly property: string }]>,
  options: Pick<SourceOptions, 'store' | 'platform' | 'directory' | 'signal'>,
): Promise<PackageFiles> {
  const { readPackageFile } = await import('./debian/package-file.js');
  const files = new Map<string, PackageFile>();
  const paths = new Map<string, string>();
  const images: Record<string, string> = {};
  const architecture = architectureOf(options.platform);
  for (const [reference, { property }] of references) {
    for (const path of packageFilesIn(reference)) {
      const file = await readPackageFile(path, { ...options, architecture, property });
      const other = files.get(file.fileName);
      if (other !== undefined && other.entry.digest !== file.entry.digest) {
        throw new SourceError(
          'bad-reference',
          `Cannot use both ${paths.get(file.fileName)} and ${path}: they are called the same in the lock, and are not; rename one`,
          { context: { path, property } },
        );
      }
      files.set(file.fileName, file);
      paths.set(file.fileName, path);
      images[withoutPaths(reference)] ??= reference;
    }
  }
  return { files, images };
}

/** A pin with what the package files of its reference hold now; undefined where it has to be resolved again. */
export function pinWithFiles(reference: string, pin: Pin, files: PackageFiles['files']): Pin | undefined {
  const names = packageFilesIn(reference);
  if (names.length === 0 || pin.kind !== 'debian') return pin;
  return withFilesNow(
    pin,
    names.flatMap((name) => files.get(name) ?? []),
  );
}

/** The same of all pins; those that would have to be resolved again are left as they are. */
export function pinsWithFiles(pins: Lock['pins'], files: PackageFiles['files']): Lock['pins'] {
  if (files.size === 0) return pins;
  return Object.fromEntries(
    Object.entries(pins).map(([reference, pin]) => [reference, pinWithFiles(reference, pin, files) ?? pin]),
  );
}
