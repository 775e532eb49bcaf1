import type { Attestation } from '../../model/index.js';
import type { AssembleInput } from '../assemble-input.js';

export type SbomFormat = 'spdx' | 'cyclonedx';

/** What an SBOM is made of, besides the tree. */
export interface SbomInput extends AssembleInput {
  /** By reference text, of the container images that have any. */
  readonly attestations?: ReadonlyMap<string, readonly Attestation[]>;
  /** Of Debian's packages, by name, where they are known. Default: they are read from the tree. */
  readonly licences?: ReadonlyMap<string, readonly string[]>;
}
