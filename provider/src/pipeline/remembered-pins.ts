import { canonicalJson, type Json } from '../model/digest.js';
import { type PackageFiles, pinsWithFiles } from '../source/package-files.js';
import type { Pinned } from './pin.js';
import type { Workshop } from './workshop.js';

/** How long an update does what its preview showed, whatever the archives have published since. */
const REMEMBER_SECONDS = 3600;

/**
 * What was resolved under that name within the last hour, else what `make` resolves, which is remembered. Package files
 * of the user count as they are now: one that was built again is in the pins, and one that needs other packages than
 * before is resolved again.
 * @param options.name Of all else that decides the pins. Without one nothing is remembered.
 */
export async function rememberedPins(
  options: { readonly name: string | undefined; readonly packageFiles: PackageFiles['files'] },
  { store, now }: Pick<Workshop, 'store' | 'now'>,
  make: () => Promise<Pinned>,
): Promise<Pinned> {
  const { name, packageFiles } = options;
  if (name === undefined) return make();
  const seconds = Math.floor(now().getTime() / 1000);
  const key = `resolution ${needsOf(packageFiles)}${name}`;
  const known = (await store.recall(key)) as unknown as { seconds: number; pinned: Pinned } | undefined;
  if (known !== undefined && seconds - known.seconds < REMEMBER_SECONDS) {
    return { ...known.pinned, pins: pinsWithFiles(known.pinned.pins, packageFiles) };
  }
  const pinned = await make();
  await store.remember(key, { seconds, pinned } as unknown as Json);
  return pinned;
}

/** What of package files decides which other packages are taken. */
function needsOf(files: PackageFiles['files']): string {
  if (files.size === 0) return '';
  const needs = [...files].map(([file, { entry }]) => [file, entry.name, entry.relations]);
  return `${canonicalJson(needs)} `;
}
