import { BOOT_STUB_PACKAGE } from '../model/guest.js';
import { archiveAddresses, type Lock, unpinnedLock } from '../model/lock.js';
import type { Pin } from '../model/pin.js';
import { architectureOf } from '../model/platform.js';
import { packagesReference } from '../model/references.js';
import { DEFAULT_SUITE, type Spec } from '../model/spec.js';
import type { LockFileContent } from '../source/lock-file/content.js';
import { knownArchives, mayStay } from '../source/lock-file/known-archives.js';
import type { Update } from '../source/lock-file/update.js';
import type { PackageFiles } from '../source/package-files.js';
import type { Role } from '../source/transport.js';
import { isLocal, referencesOf } from './references.js';
import { repositoriesOf, sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

export type Pinned = Pick<Lock, 'pins' | 'guest'>;

/**
 * Resolves every other reference of the spec; one that was pinned for the same platform, packages for the same suite,
 * is kept, unless the update is to move it.
 */
export async function pin(
  spec: Spec,
  options: {
    readonly old?: LockFileContent | undefined;
    readonly update?: Update;
    readonly guestHere: GuestName | undefined;
    readonly packageFiles: PackageFiles['files'];
  },
  workshop: Workshop,
): Promise<Pinned> {
  const { resolve } = await import('../source/transport.js');
  const { GUEST_PACKAGES } = await import('../guest/manifest.js');
  const unpinned = unpinnedLock(spec);
  const source = { ...sourceOptions(unpinned, workshop, archiveAddresses(spec)), ...repositoriesOf(spec, workshop) };
  const { update, packageFiles } = options;
  const { pinWithFiles } = await import('../source/package-files.js');
  const old = options.old?.platform === unpinned.platform ? options.old : undefined;
  const known = knownArchives(spec);
  const ofOwn = unpinned.distribution === undefined ? unpinned.suite : DEFAULT_SUITE;
  const suites = new Set([unpinned.suite, ofOwn]);
  // Versions of another suite are no reason to take them in this one.
  const keep = [...Object.values(old?.pins ?? {}), ...(old?.guest ? [old.guest.pin] : [])].filter(
    (one) => one.kind !== 'debian' || suites.has(one.suite),
  );
  const resolving = { ...source, packageFiles, keep: keep.map((kept) => withoutMoving(kept, update)) };

  const pins: Record<string, Pin> = {};
  const staying = (reference: string, role: Role): Pin | undefined => {
    const kept = old?.pins[reference];
    const suite = role === 'stub' ? ofOwn : unpinned.suite;
    return kept !== undefined && mayStay(kept, { suite, known }) && update?.moves(reference, kept) !== true
      ? pinWithFiles(reference, kept, packageFiles)
      : undefined;
  };
  const { guestHere } = options;
  const packages = packagesReference(spec);
  for (const [reference, { role, property }] of referencesOf(spec)) {
    if (isLocal(reference) || (reference === packages && guestHere !== undefined)) continue;
    pins[reference] = staying(reference, role) ?? (await resolve(reference, role, { ...resolving, property }));
  }
  if (guestHere === undefined) return { pins, guest: null };
  const sameGuest = old?.guest?.version === guestHere.version ? old.guest.pin : undefined;
  const keptGuest = sameGuest && mayStay(sameGuest, { suite: ofOwn, known }) ? sameGuest : undefined;
  const stays = keptGuest !== undefined && update?.movesGuest(keptGuest) !== true ? keptGuest : undefined;
  const ofGuest = [...GUEST_PACKAGES, BOOT_STUB_PACKAGE];
  const guestReference = `deb:${ofGuest.join(',')}`;
  const resolveGuest = async (
    options: Omit<typeof resolving, 'keep'> & { readonly keep: readonly Pin[] },
  ): Promise<Pin> => onlyNamed(await resolve(guestReference, 'guest', options), ofGuest);
  if (packages === undefined) {
    return { pins, guest: { ...guestHere, pin: stays ?? (await resolveGuest(resolving)) } };
  }
  const { resolveTogether } = await import('../source/together.js');
  const both = await resolveTogether({
    ...{ kept: { packages: staying(packages, 'root'), guest: stays }, keep: resolving.keep },
    resolve: (which, keep) =>
      which === 'guest'
        ? resolveGuest({ ...resolving, keep })
        : resolve(packages, 'root', { ...resolving, keep, property: 'packages' }),
  });
  return { pins: { ...pins, [packages]: both.packages }, guest: { ...guestHere, pin: both.guest } };
}

/** A pin without the packages that are to move, for the resolver to keep. */
function withoutMoving(kept: Pin, update: Update | undefined): Pin {
  if (kept.kind !== 'debian' || update === undefined) return kept;
  return { ...kept, packages: kept.packages.filter(update.keeps) };
}

/** Files are picked from these packages; what else they depend on is not run, and not fetched. */
function onlyNamed(pin: Pin, names: readonly string[]): Pin {
  if (pin.kind !== 'debian') return pin;
  return { ...pin, packages: pin.packages.filter(({ name }) => names.includes(name)) };
}

type GuestName = Awaited<ReturnType<typeof import('../guest/manifest.js')['currentGuest']>>;

/** Ingot's own init, where the spec brings none. */
export async function guestFor(spec: Spec, platform: Lock['platform']): Promise<GuestName | undefined> {
  if ((spec.init ?? []).length > 0) return undefined;
  const { currentGuest } = await import('../guest/manifest.js');
  return currentGuest(architectureOf(platform));
}
