import { BOOT_STUB_PACKAGE } from '../model/guest.js';
import { parseReference } from '../model/reference.js';
import { packagesReference } from '../model/references.js';
import type { Spec } from '../model/spec.js';
import type { Role } from '../source/transport.js';

/** Whether a reference leads to this machine: what it holds is the user's own, and moves with it. */
export function isLocal(reference: string): boolean {
  return parseReference(reference).local !== undefined;
}

/**
 * Where a spec brings its own init, nothing is taken from Debian unless it says so: with `root` it says that it is for
 * a disk, which needs a boot stub. Ingot's own init is pinned together with the stub.
 */
export const BOOT_STUB_REFERENCE = `deb:${BOOT_STUB_PACKAGE}`;

function bringsInit({ init = [] }: Spec): boolean {
  return init.length > 0;
}

/** Each reference of a spec once, with what it is for and where it stands first, in the order of the image. */
export function referencesOf(spec: Spec): Map<string, { role: Role; property: string }> {
  const references = new Map<string, { role: Role; property: string }>();
  const add = (reference: string, role: Role, property: string): void => {
    if (!references.has(reference)) references.set(reference, { role, property });
  };
  if (spec.kernel !== undefined) add(spec.kernel.image, 'kernel', 'kernel.image');
  for (const [index, reference] of (spec.init ?? []).entries()) add(reference, 'root', `init[${index}]`);
  for (const [index, { image }] of (spec.volumes ?? []).entries()) {
    if (image) add(image, 'root', `volumes[${index}].image`);
  }
  for (const kind of ['onboot', 'onshutdown', 'services'] as const) {
    for (const [index, { image }] of (spec[kind] ?? []).entries()) add(image, 'root', `${kind}[${index}].image`);
  }
  const packages = packagesReference(spec);
  if (packages !== undefined) add(packages, 'root', 'packages');
  if (bringsInit(spec) && spec.root !== undefined) add(BOOT_STUB_REFERENCE, 'stub', 'root');
  return references;
}
