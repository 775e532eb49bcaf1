import type { Platform } from '../../model/platform.js';
import type { Descriptor, ImagePlatform } from './document.js';

/**
 * Variants that every machine of an architecture runs, best first; the empty text is none at all. Images for later
 * ones (`amd64/v3`) end on older processors, and under emulation, with an illegal instruction.
 */
const VARIANTS: Readonly<Record<string, readonly string[]>> = { amd64: ['', 'v1'], arm64: ['v8', ''] };

/** Marks a manifest that says something about another one, and is no image (Docker's BuildKit, "attestation storage"). */
const REFERENCE_TYPE = 'vnd.docker.reference.type';

/** How well an image fits: 0 is best; undefined where it does not. What an image does not say fits anything. */
export function fitOf(image: ImagePlatform, wanted: Platform): number | undefined {
  const [os, architecture = ''] = wanted.split('/');
  if (image.os !== '' && image.os !== os) return undefined;
  if (image.architecture !== '' && image.architecture !== architecture) return undefined;
  const place = (VARIANTS[architecture] ?? ['']).indexOf(image.variant);
  return place < 0 ? undefined : place;
}

/** The images of an index that may be for a platform, best first; those that do not say are last. */
export function candidates(manifests: readonly Descriptor[], wanted: Platform): Descriptor[] {
  const fitting: { descriptor: Descriptor; fit: number }[] = [];
  for (const descriptor of manifests) {
    if (isAttestation(descriptor)) continue;
    const { platform } = descriptor;
    const fit = platform === undefined ? Number.MAX_SAFE_INTEGER : fitOf(platform, wanted);
    if (fit !== undefined) fitting.push({ descriptor, fit });
  }
  // Stable: of equals, the first in the index counts, as image-index.md has it.
  return fitting.sort((a, b) => a.fit - b.fit).map(({ descriptor }) => descriptor);
}

/** `linux/amd64, linux/arm64/v8`: what an index has, in its order, each once. */
export function platformsOf(manifests: readonly Descriptor[]): string[] {
  const names = manifests.flatMap((descriptor) =>
    descriptor.platform === undefined || isAttestation(descriptor) ? [] : [platformName(descriptor.platform)],
  );
  return [...new Set(names)];
}

export function platformName({ os, architecture, variant }: ImagePlatform): string {
  return `${os || 'unknown'}/${architecture || 'unknown'}${variant === '' ? '' : `/${variant}`}`;
}

function isAttestation({ annotations, platform }: Descriptor): boolean {
  return (
    annotations[REFERENCE_TYPE] !== undefined || (platform?.os === 'unknown' && platform.architecture === 'unknown')
  );
}
