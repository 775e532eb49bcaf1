import type { Container } from './spec/container.js';
import type { Spec } from './spec.js';

/** The reference that stands for the packages of the machine itself; undefined where there are none. */
export function packagesReference({ packages = [] }: Pick<Spec, 'packages'>): string | undefined {
  return packages.length === 0 ? undefined : `deb:${[...new Set(packages)].join(',')}`;
}

/** The spec with other texts for its references. */
export function withReferences(spec: Spec, rename: (reference: string) => string): Spec {
  const inContainers = (containers: readonly Container[]) =>
    containers.map((container) => ({ ...container, image: rename(container.image) }));
  const { kernel, init, volumes, onboot, onshutdown, services, packages } = spec;
  return {
    ...spec,
    ...(kernel === undefined ? {} : { kernel: { ...kernel, image: rename(kernel.image) } }),
    ...(init === undefined ? {} : { init: init.map(rename) }),
    ...(volumes === undefined
      ? {}
      : {
          volumes: volumes.map((volume) =>
            volume.image === undefined ? volume : { ...volume, image: rename(volume.image) },
          ),
        }),
    ...(onboot === undefined ? {} : { onboot: inContainers(onboot) }),
    ...(onshutdown === undefined ? {} : { onshutdown: inContainers(onshutdown) }),
    ...(services === undefined ? {} : { services: inContainers(services) }),
    ...(packages === undefined ? {} : { packages: packages.map((name) => rename(`deb:${name}`).slice('deb:'.length)) }),
  };
}
