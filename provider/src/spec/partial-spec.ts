import type { Spec } from '../model/spec.js';

/** The sections that hold containers, in the order in which LinuxKit lays them into the root. */
export const CONTAINER_SECTIONS = ['onboot', 'onshutdown', 'services'] as const;

/** One source: a spec whose kernel may lack its image, since another source can have it. */
export type PartialSpec = Omit<Spec, 'kernel'> & {
  kernel?: (Omit<NonNullable<Spec['kernel']>, 'image'> & { image?: string | undefined }) | undefined;
};
