import { didYouMean, nearest } from '../model/suggestion.js';
import { sbomText } from '../pipeline.js';
import { withLock } from './locked.js';
import { writeText } from './output-text.js';
import { specsOf } from './subject.js';
import { UsageError } from './usage-error.js';
import { withWorkshop } from './workshop.js';

export const SBOM_FORMATS = ['spdx', 'cyclonedx'] as const;
type SbomFormat = (typeof SBOM_FORMATS)[number];

export interface SbomOptions {
  /** Default: spdx. */
  readonly format?: string;
  /** Default: the standard output, `-`. */
  readonly output?: string;
}

/** `ingot sbom SPEC…`: what an image is made of, for other tools. */
export async function sbom(subjects: string[], { format = 'spdx', output = '-' }: SbomOptions): Promise<void> {
  const known = knownFormat(format);
  const text = await withWorkshop(async (workshop) =>
    withLock(await specsOf(subjects), workshop, (locked) => sbomText(locked, known, workshop)),
  );
  await writeText(text, output);
}

function knownFormat(text: string): SbomFormat {
  const known = SBOM_FORMATS.find((format) => format === text);
  if (known !== undefined) return known;
  throw new UsageError(
    'bad-format',
    `Cannot write the format "${text}": there is no such format; choose from ${SBOM_FORMATS.join(', ')}${didYouMean(nearest(text, SBOM_FORMATS))}`,
  );
}
