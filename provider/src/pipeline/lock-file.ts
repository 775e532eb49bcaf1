import { archiveAddresses, RECIPE, unpinnedLock } from '../model/lock.js';
import { lockTimes } from '../model/lock-times.js';
import { architectureOf } from '../model/platform.js';
import type { Spec } from '../model/spec.js';
import type { LockFileContent } from '../source/lock-file/content.js';
import { knownArchives } from '../source/lock-file/known-archives.js';
import type { LockFile } from '../source/lock-file/lock-file.js';
import type { Outdated } from '../source/lock-file/outdated.js';
import type { Reason, Wanted } from '../source/lock-file/stale.js';
import type { Update } from '../source/lock-file/update.js';
import { lockPackageFiles } from './package-files.js';
import { guestFor, pin } from './pin.js';
import { isLocal, referencesOf } from './references.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

/**
 * The lock file of a spec that is given by its path, if it has one.
 * @throws {SourceError} for one that cannot be read.
 */
export async function readLockFile(spec: unknown, { directory }: Workshop): Promise<LockFile | undefined> {
  const { readLockFile: read } = await import('../source/lock-file/lock-file.js');
  return read(spec, directory);
}

/** The file beside a spec: its place, its text, and what changes in it. Loaded when it is needed. */
export const lockFile = (): Promise<typeof import('../source/lock-file/index.js')> =>
  import('../source/lock-file/index.js');

/**
 * Spec → what its lock file is to say. What the old one pins is kept, but for what the update names (all, where it names
 * nothing); where nothing is to move the old content comes back as it is, and no source is touched.
 */
export async function relock(
  spec: Spec,
  { file, update: words }: { file?: LockFile | undefined; update?: readonly string[] | undefined },
  workshop: Workshop,
): Promise<LockFileContent> {
  const { pinChanges, UPDATE_NOTHING, updateOf, whyStale } = await lockFile();
  const packaged = await lockPackageFiles(spec, workshop);
  const old = file?.content;
  if (old !== undefined && words === undefined && whyStale(old, wantedOf(packaged)).length === 0) return old;
  const update = old === undefined || words === undefined ? UPDATE_NOTHING : updateOf(words, old);
  const newest = await newestPins(packaged, { old, update }, workshop);
  const timed = (content: LockFileContent): LockFileContent => {
    const { platform, suite, recipe, guest, pins } = content;
    return {
      platform,
      suite,
      recipe,
      guest,
      lockedAt: lockTimes(content, { previous: old, now: workshop.now() }),
      pins,
    };
  };
  if (old === undefined || update.movesRecipe) return timed(newest);
  // The recipe and the init itself move only with something else.
  const guest = old.guest && newest.guest && { ...old.guest, pin: newest.guest.pin };
  return pinChanges(old, { ...newest, recipe: old.recipe, guest }).length === 0 ? old : timed(newest);
}

/**
 * What a lock file pins → what of it there is newer of.
 * @throws {SourceError} `stale` where the file does not fit the spec.
 */
export async function outdated(spec: Spec, file: LockFile, workshop: Workshop): Promise<Outdated[]> {
  const packaged = await lockPackageFiles(spec, workshop);
  await requireFreshFile(packaged, file);
  const { outdatedPins, pinnedPackages } = await lockFile();
  const { withSecurityUpdate } = await import('../source/debian/security-updates.js');
  const newest = await newestPins(packaged, {}, workshop);
  const packages = pinnedPackages(file.content);
  if (packages.length === 0) return outdatedPins(file.content, newest, new Set());
  const { distribution } = unpinnedLock(spec);
  const whose = distribution ? { distribution } : {};
  const source = sourceOptions({ ...file.content, ...whose }, workshop, archiveAddresses(spec));
  const architecture = architectureOf(source.platform);
  const asking = { ...source, architecture, mirrors: await source.mirrors(), now: source.now() };
  const insecure = await withSecurityUpdate(packages, asking);
  const { guest } = file.content;
  if (distribution === undefined || guest?.pin.kind !== 'debian') return outdatedPins(file.content, newest, insecure);
  // Ingot's own init is of Debian always.
  const ofDebian = { ...asking, suite: guest.pin.suite, distribution: 'debian' as const };
  const inInit = await withSecurityUpdate(guest.pin.packages, ofDebian);
  return outdatedPins(file.content, newest, new Set([...insecure, ...inInit]));
}

type Packaged = Awaited<ReturnType<typeof lockPackageFiles>>;

async function newestPins(
  { spec, files: packageFiles }: Packaged,
  options: { old?: LockFileContent | undefined; update?: Update },
  workshop: Workshop,
): Promise<LockFileContent> {
  const { platform, suite } = unpinnedLock(spec);
  const pinned = await pin(spec, { ...options, packageFiles, guestHere: await guestFor(spec, platform) }, workshop);
  return { platform, suite, recipe: RECIPE, ...pinned };
}

/**
 * Why a lock file does not fit a spec; nothing where it does.
 * @throws {SourceError} for package files that cannot be read.
 */
export async function staleness(spec: Spec, file: LockFile, workshop: Workshop): Promise<Reason[]> {
  const { whyStale } = await lockFile();
  return whyStale(file.content, wantedOf(await lockPackageFiles(spec, workshop)));
}

/** What a lock file must pin to fit a spec. */
function wantedOf({ spec, files: packageFiles }: Packaged): Wanted {
  const { platform, suite } = unpinnedLock(spec);
  const references = new Map([...referencesOf(spec)].filter(([reference]) => !isLocal(reference)));
  return {
    platform,
    suite,
    references,
    archives: knownArchives(spec),
    packageFiles,
    guest: (spec.init ?? []).length === 0,
  };
}

export async function requireFreshFile(packaged: Packaged, file: LockFile): Promise<void> {
  const { requireFresh } = await lockFile();
  requireFresh(file, wantedOf(packaged));
}
