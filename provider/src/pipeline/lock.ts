import {
  archiveAddresses,
  type Lock,
  type LockedImage,
  type LockTimes,
  lockDigest,
  RECIPE,
  unpinnedLock,
} from '../model/lock.js';
import { lockTimes } from '../model/lock-times.js';
import { withReferences } from '../model/references.js';
import type { Spec } from '../model/spec.js';
import type { LockFile } from '../source/lock-file/lock-file.js';
import { requireFreshFile } from './lock-file.js';
import { lockPackageFiles } from './package-files.js';
import { guestFor, pin } from './pin.js';
import { isLocal, referencesOf } from './references.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

export interface LockOptions {
  /** The lock file beside the spec: where there is one, what it pins counts, and nothing is resolved. */
  readonly file?: LockFile | undefined;
  /** The lock that is in force: what the spec says as before keeps its pins. */
  readonly previous?: LockedImage;
  /** Let every pin move to the newest. */
  readonly move?: boolean;
  /** Use, for an hour, what was resolved under this name, so that an update does what its preview showed. */
  readonly remember?: string;
}

/**
 * Spec → Lock: digests of the user's files, and a pin for every reference. Where nothing has changed the previous lock
 * comes back as it is, and no source is touched: also with an older recipe or guest, which move only with something else.
 */
export async function lock(spec: Spec, options: LockOptions, workshop: Workshop): Promise<LockedImage> {
  const packaged = await lockPackageFiles(spec, workshop);
  if (options.file !== undefined) await requireFreshFile(packaged, options.file);
  const { lockFiles } = await import('../source/file/lock-files.js');
  const { files, sources } = await lockFiles(spec, workshop);
  const local = await lockLocal(packaged.spec, workshop);
  const { previous } = options;
  const unpinned = { ...unpinnedLock(local.spec), files };
  const addresses = archiveAddresses(spec);
  const images = { ...local.images, ...packaged.images };
  const found = { sources, ...(Object.keys(images).length > 0 ? { images } : {}) };
  const mirrors = (lockedAt: LockTimes | undefined) => ({ ...addresses, ...(lockedAt ? { lockedAt } : {}) });
  const { pinsWithFiles } = await import('../source/package-files.js');
  const pinsNow = (pins: Lock['pins']) => ({ ...pinsWithFiles(pins, packaged.files), ...local.pins });

  if (options.file !== undefined) {
    const { recipe, pins, guest, lockedAt } = options.file.content;
    return { lock: { ...unpinned, recipe, pins: pinsNow(pins), guest }, mirrors: mirrors(lockedAt), ...found };
  }
  if (previous !== undefined && options.move !== true) {
    const { recipe, pins, guest } = previous.lock;
    if (lockDigest({ ...unpinned, recipe, pins: pinsNow(pins), guest }) === lockDigest(previous.lock)) {
      return { lock: previous.lock, mirrors: mirrors(previous.mirrors?.lockedAt), ...found };
    }
  }
  const packageFiles = packaged.files;
  const guestHere = await guestFor(local.spec, unpinned.platform);
  // Another init may want other packages.
  const name = options.remember && `${RECIPE} ${guestHere?.digest ?? 'none'} ${options.remember}`;
  const { rememberedPins } = await import('./remembered-pins.js');
  const { pins, guest } = await rememberedPins({ name, packageFiles }, workshop, () =>
    pin(local.spec, { old: options.move === true ? undefined : previous?.lock, guestHere, packageFiles }, workshop),
  );
  const before = previous && { ...previous.lock, lockedAt: previous.mirrors?.lockedAt };
  const lockedAt = lockTimes({ pins, guest }, { previous: before, now: workshop.now() });
  const lock = { ...unpinned, recipe: RECIPE, pins: { ...pins, ...local.pins }, guest };
  return { lock, mirrors: mirrors(lockedAt), ...found };
}

interface LocalSpec {
  /** With names in the place of the references that lead to this machine. */
  readonly spec: Spec;
  readonly pins: Lock['pins'];
  readonly images?: NonNullable<LockedImage['images']>;
}

/** Images on this machine are files of the user: they are pinned to what they hold now, and their paths taken out. */
async function lockLocal(spec: Spec, workshop: Workshop): Promise<LocalSpec> {
  const references = [...referencesOf(spec)];
  if (!references.some(([reference]) => isLocal(reference))) return { spec, pins: {} };
  const { resolveLocal } = await import('../source/local.js');
  const { names, pins, images } = await resolveLocal(references, sourceOptions(unpinnedLock(spec), workshop));
  return { spec: withReferences(spec, (reference) => names.get(reference) ?? reference), pins, images };
}
