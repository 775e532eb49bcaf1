import type { Container, Spec } from '../model/index.js';

/** One container, and where it stands. */
export interface PlacedContainer {
  readonly container: Container;
  /** `services[0]`. */
  readonly property: string;
  /** Below `containers/`: `services/web`, `onboot/000-sysctl`. */
  readonly place: string;
}

/** All containers in the order of the image: onboot, onshutdown, services. */
export function placedContainers(spec: Spec): PlacedContainer[] {
  const inOrder = (kind: 'onboot' | 'onshutdown') =>
    (spec[kind] ?? []).map((container, index) => ({
      container,
      property: `${kind}[${index}]`,
      place: `${kind}/${String(index).padStart(3, '0')}-${container.name}`,
    }));
  const services = (spec.services ?? []).map((container, index) => ({
    container,
    property: `services[${index}]`,
    place: `services/${container.name}`,
  }));
  return [...inOrder('onboot'), ...inOrder('onshutdown'), ...services];
}
