import type { Json } from '../model/digest.js';
import { debianLicences } from '../tree/sbom/debian-licence.js';
import type { Assembled } from './assembled.js';
import type { Workshop } from './workshop.js';

/** Raised when they are read otherwise. */
const LICENCES_VERSION = 1;

/**
 * The terms of the packages in a tree, by name, for its SBOM. Kept by the tree's key: they stand in files of packages,
 * and a file of the user's that lies in the place of one is none of the package's.
 */
export async function keptLicences(
  { key, tree, input }: Pick<Assembled, 'key' | 'tree' | 'input'>,
  { store }: Pick<Workshop, 'store'>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const name = `licences ${LICENCES_VERSION} of ${key}`;
  const kept = (await store.recall(name)) as unknown as [string, readonly string[]][] | undefined;
  if (kept !== undefined) return new Map(kept);
  const licences = await debianLicences(tree, input.read);
  await store.remember(name, [...licences] as unknown as Json);
  return licences;
}
