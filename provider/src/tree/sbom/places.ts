import type { Spec } from '../../model/index.js';
import { packagesReference } from '../../model/references.js';
import { placedContainers } from '../containers.js';

/** What of a spec each reference is there for: `kernel`, `init`, `packages`, `services/web`, in the order of the image. */
export function placesOf(spec: Spec): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  const add = (reference: string, place: string): void => {
    places.set(reference, [...(places.get(reference) ?? []), place]);
  };
  if (spec.kernel !== undefined) add(spec.kernel.image, 'kernel');
  for (const reference of spec.init ?? []) add(reference, 'init');
  const packages = packagesReference(spec);
  if (packages !== undefined) add(packages, 'packages');
  for (const { container, place } of placedContainers(spec)) add(container.image, place);
  return places;
}
