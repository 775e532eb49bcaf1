import type { Spec } from '../../model/index.js';
import { packagesReference } from '../../model/references.js';
import { placedContainers } from '../placed-containers.js';

/** A reference of a spec, and what it is there for: `kernel`, `init`, `packages`, `volumes/site`, `services/web`. */
export interface PlacedReference {
  readonly reference: string;
  readonly place: string;
}

/** All references of a spec, in the order of the image. */
export function placedReferences(spec: Spec): PlacedReference[] {
  const packages = packagesReference(spec);
  return [
    ...(spec.kernel === undefined ? [] : [{ reference: spec.kernel.image, place: 'kernel' }]),
    ...(spec.init ?? []).map((reference) => ({ reference, place: 'init' })),
    ...(packages === undefined ? [] : [{ reference: packages, place: 'packages' }]),
    ...(spec.volumes ?? []).flatMap(({ name, image }) =>
      image ? [{ reference: image, place: `volumes/${name}` }] : [],
    ),
    ...placedContainers(spec).map(({ container, place }) => ({ reference: container.image, place })),
  ];
}

/** The places of each reference. */
export function placesOf(references: readonly PlacedReference[]): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const { reference, place } of references) {
    places.set(reference, [...(places.get(reference) ?? []), place]);
  }
  return places;
}
