import type { Json, Tree } from '../../model/index.js';
import { inventoryOf } from './inventory.js';
import type { SbomFormat, SbomInput } from './sbom-input.js';

export type { SbomFormat, SbomInput } from './sbom-input.js';

/**
 * What an image is made of, as a document that other tools read: SPDX 2.3 or CycloneDX 1.6, both in JSON. The same tree
 * and input give the same document: its time is that of the lock, its name follows from what it says.
 */
export async function sbom(tree: Tree, input: SbomInput, format: SbomFormat): Promise<Json> {
  const inventory = await inventoryOf(tree, input);
  if (format === 'spdx') return (await import('./spdx.js')).spdxDocument(inventory);
  return (await import('./cyclonedx.js')).cyclonedxDocument(inventory);
}
