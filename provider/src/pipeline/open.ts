import type { GuestParts } from '../model/guest.js';
import type { BlobRange, ImageBlobs, ImageConfig, Layer } from '../model/layer.js';
import type { Lock, LockedImage } from '../model/lock.js';
import { architectureOf } from '../model/platform.js';
import type { SourceOptions } from '../source/transport.js';
import type { AssembleInput } from '../tree/assemble-input.js';
import { referencesOf } from './references.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

/** Lock → Layers: everything that the tree is assembled from, fetched where the store does not have it. */
export async function open(
  { lock, sources, mirrors, images }: LockedImage,
  workshop: Workshop,
): Promise<AssembleInput> {
  const { open: openPin } = await import('../source/transport.js');
  const source = sourceOptions(lock, workshop, mirrors);

  let kernel: Layer | undefined;
  const roots = new Map<string, readonly Layer[]>();
  const configs = new Map<string, ImageConfig>();
  for (const [reference, { role }] of referencesOf(lock.spec)) {
    if (role === 'stub') continue;
    const pinned = lock.pins[reference];
    if (pinned === undefined) throw new RangeError(`Cannot open ${reference}: the lock has no pin for it`);
    const { layers, image } = await openPin(pinned, role, { ...source, reference: images?.[reference] ?? reference });
    if (role === 'kernel' && pinned.kind === 'debian') kernel = layers[0];
    else roots.set(reference, layers);
    if (image !== undefined) configs.set(reference, image);
  }
  await warnOfScripts([...roots.values()].flat(), workshop);
  const guest = lock.guest && {
    ...(await openGuest(lock.guest, lock.platform)),
    layers: (await openPin(lock.guest.pin, 'guest', { ...source, reference: 'deb:' })).layers,
  };
  const read = (range: BlobRange): Promise<Uint8Array> => workshop.store.read(range);
  return {
    ...{ lock, roots, images: configs, read },
    ...(await openVolumeImages(lock, { ...source, images })),
    ...(await openUserFiles({ lock, sources }, workshop)),
    ...(kernel ? { kernel } : {}),
    ...(guest ? { guest } : {}),
  };
}

/** Most that are named; all of them are in the contents. */
const MAX_NAMED = 10;

/** Says of which packages scripts are not run. */
export async function warnOfScripts(layers: readonly Layer[], { progress }: Workshop): Promise<void> {
  const { scriptsNotRun } = await import('../tree/scripts-not-run.js');
  const notRun = Object.entries(scriptsNotRun(layers)).map(([name, scripts]) => `${name} (${scripts})`);
  if (notRun.length === 0) return;
  const others = notRun.length > MAX_NAMED ? ` and ${notRun.length - MAX_NAMED} more` : '';
  const warning = `maintainer scripts are not run, and what those of these packages do is not known: ${notRun
    .slice(0, MAX_NAMED)
    .join(', ')}${others}; see "Maintainer scripts" in docs/sources.md`;
  progress({ step: 'opening packages', warning });
}

/** Images that volumes hold as they are. */
async function openVolumeImages(
  lock: Lock,
  { images, ...source }: SourceOptions & { readonly images: LockedImage['images'] | undefined },
): Promise<Pick<AssembleInput, 'imageBlobs'>> {
  const references = (lock.spec.volumes ?? []).flatMap(({ image, format }) =>
    format === 'oci' && image ? [image] : [],
  );
  if (references.length === 0) return {};
  const { openImageBlobs } = await import('../source/transport.js');
  const imageBlobs = new Map<string, ImageBlobs>();
  for (const reference of references) {
    const pin = lock.pins[reference];
    if (pin === undefined) continue;
    imageBlobs.set(reference, await openImageBlobs(pin, { ...source, reference: images?.[reference] ?? reference }));
  }
  return { imageBlobs };
}

/** The user's files: those of this machine, and those that are fetched. */
export async function openUserFiles(
  { lock, sources }: Pick<LockedImage, 'lock' | 'sources'>,
  workshop: Workshop,
): Promise<Pick<AssembleInput, 'files' | 'archives' | 'certificates'>> {
  const { openFiles } = await import('../source/file/lock-files.js');
  const opened = await openFiles(lock.files, { ...workshop, sources });
  const byIndex = [...opened].filter(([key]) => /^[0-9]+$/.test(key));
  const files = new Map(byIndex.map(([key, content]) => [Number(key), content]));
  const certificates = new Map([...opened].filter(([key]) => key.startsWith('ca[')));
  if (lock.downloads === undefined) return { files, certificates };
  const { openDownloads } = await import('../source/url/open-downloads.js');
  const { offline, registries } = workshop.settings;
  const { environment } = registries;
  const downloads = await openDownloads(lock.downloads, { ...workshop, sources, offline, environment });
  return { files: new Map([...files, ...downloads.files]), archives: downloads.archives, certificates };
}

/** What Ingot brings of its own init, if that is still what the lock says. */
export async function openGuest(guest: NonNullable<Lock['guest']>, platform: Lock['platform']): Promise<GuestParts> {
  const { guestDigest, readGuest, requireGuest } = await import('../guest/manifest.js');
  const parts = await readGuest(architectureOf(platform));
  requireGuest(guest, guestDigest(parts));
  return parts;
}
