import type { Attestation } from '../model/attestation.js';
import type { Json } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import type { SbomFormat } from '../tree/sbom/sbom.js';
import { open } from './open.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

/** Lock → what the image is made of, as a document that other tools read, with an end of line. */
export async function sbomText(image: LockedImage, format: SbomFormat, workshop: Workshop): Promise<string> {
  return `${JSON.stringify(await sbom(image, format, workshop), null, 2)}\n`;
}

async function sbom(image: LockedImage, format: SbomFormat, workshop: Workshop): Promise<Json> {
  const { assemble } = await import('../tree/assemble.js');
  const { sbom: documentOf } = await import('../tree/sbom/sbom.js');
  const input = await open(image, workshop);
  const attestations = await attestationsOf(image, workshop);
  return documentOf(await assemble(input), { ...input, attestations }, format);
}

/** What the makers of the container images say is in them, by reference. */
export async function attestationsOf(
  { lock, mirrors, images }: LockedImage,
  workshop: Workshop,
): Promise<ReadonlyMap<string, readonly Attestation[]>> {
  const { openAttestations } = await import('../source/transport.js');
  const source = sourceOptions(lock, workshop, mirrors);
  const found = new Map<string, readonly Attestation[]>();
  for (const [reference, pin] of Object.entries(lock.pins)) {
    const attestations = await openAttestations(pin, { ...source, reference: images?.[reference] ?? reference });
    if (attestations.length > 0) found.set(reference, attestations);
  }
  return found;
}
