import { unpinnedLock } from '../model/lock.js';
import { packageFilesIn, withoutPaths } from '../model/reference.js';
import { withReferences } from '../model/references.js';
import type { Spec } from '../model/spec.js';
import type { PackageFiles } from '../source/package-files.js';
import { referencesOf } from './references.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

const NONE: PackageFiles = { files: new Map(), images: {} };

/** A spec with the names of its package files in the place of their paths, and what those files hold now. */
export async function lockPackageFiles(
  spec: Spec,
  workshop: Workshop,
): Promise<PackageFiles & { readonly spec: Spec }> {
  const references = [...referencesOf(spec)];
  if (!references.some(([reference]) => packageFilesIn(reference).length > 0)) return { spec, ...NONE };
  const { readPackageFiles } = await import('../source/package-files.js');
  const found = await readPackageFiles(references, sourceOptions(unpinnedLock(spec), workshop));
  return { spec: withReferences(spec, withoutPaths), ...found };
}
