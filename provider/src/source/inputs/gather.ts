import { basename } from 'node:path';
import type { ImageBlob } from '../../model/layer.js';
import type { LockedImage } from '../../model/lock.js';
import type { ImagePin, Pin } from '../../model/pin.js';
import { packageFilesIn } from '../../model/reference.js';
import { fetchPackage } from '../debian/fetch.js';
import { SourceError } from '../error.js';
import { openFiles } from '../file/lock-files.js';
import { OCI_MANIFEST, PLAIN_LAYER } from '../oci/media-type.js';
import { open, openAttestations, openImageBlobs, type SourceOptions } from '../transport.js';
import { fetchFile } from '../url/fetch.js';
import { DOCUMENT, FILE, type InputBlob, type Inputs, keptWhole, PACKAGE, pinsOf } from './inputs.js';

export interface GatherOptions extends SourceOptions {
  /** Names the proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Sees to it that all inputs of a lock are in the store as where they come from, and names them. What the store had
 * thrown away after unpacking is fetched again. An image that cannot be had any more is given by its unpacked layers.
 * @throws {SourceError} what fetching throws.
 */
export async function gatherInputs(image: LockedImage, options: GatherOptions): Promise<Inputs> {
  const { lock } = image;
  const images: Inputs['images'][number][] = [];
  const blobs: InputBlob[] = [];
  for (const [reference, pin] of pinsOf(lock)) {
    const asked = { ...options, reference: image.images?.[reference] ?? reference };
    if (pin.kind !== 'image') {
      blobs.push(...(await blobsOf(pin, asked)));
      continue;
    }
    try {
      images.push({ reference, ...(await openImageBlobs(pin, asked)) });
      blobs.push(...(await attestations(pin, asked)));
    } catch (error) {
      const unpacked = keptWhole(lock).has(reference) ? undefined : await unpackedImage(pin, asked);
      if (unpacked === undefined || !(error instanceof SourceError)) throw error;
      blobs.push(...unpacked);
    }
  }
  blobs.push(...(await userFiles(image, options)));
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  return { lock, images, blobs: [...unique.values()] };
}

/** What the makers of an image say is in it, and the index that says where; offline as far as the store has it. */
async function attestations(
  pin: ImagePin,
  options: SourceOptions & { readonly reference: string },
): Promise<InputBlob[]> {
  const found: InputBlob[] = [];
  const onBlob = ({ digest, sizeBytes }: Pick<ImageBlob, 'digest' | 'sizeBytes'>) => {
    found.push({ digest, sizeBytes, mediaType: DOCUMENT, title: options.reference });
  };
  try {
    await openAttestations(pin, { ...options, onBlob });
  } catch (error) {
    if (!options.offline || !(error instanceof SourceError)) throw error;
  }
  return found;
}

async function blobsOf(
  pin: Exclude<Pin, ImagePin>,
  options: SourceOptions & { readonly reference: string },
): Promise<InputBlob[]> {
  if (pin.kind === 'directory') {
    const { layers } = await open(pin, 'root', options);
    const found: InputBlob[] = [];
    for (const { digest } of layers) {
      const sizeBytes = (await options.store.sizeOf(digest)) ?? 0;
      found.push({ digest, sizeBytes, mediaType: PLAIN_LAYER, title: options.reference, directory: pin.digest });
    }
    return found;
  }
  const found: InputBlob[] = [];
  const files = { paths: packageFilesIn(options.reference), directory: options.directory };
  for (const pinned of pin.packages) {
    await fetchPackage(pinned, { ...options, files });
    const { digest, sizeBytes, path } = pinned;
    found.push({ digest, sizeBytes, mediaType: PACKAGE, title: basename(path) });
  }
  return found;
}

/** The parts of an image that the store has, where those are all that a build needs. */
async function unpackedImage(
  pin: ImagePin,
  { store, reference }: SourceOptions & { readonly reference: string },
): Promise<InputBlob[] | undefined> {
  const wanted: Pick<ImageBlob, 'digest' | 'mediaType'>[] = [
    { digest: pin.config.digest, mediaType: FILE },
    ...pin.layers.map(({ diffId }) => ({ digest: diffId, mediaType: PLAIN_LAYER })),
  ];
  const found: InputBlob[] = [];
  for (const blob of wanted) {
    const sizeBytes = await store.sizeOf(blob.digest);
    if (sizeBytes === undefined) return undefined;
    found.push({ ...blob, sizeBytes, title: reference });
  }
  const sizeBytes = await store.sizeOf(pin.manifest);
  if (sizeBytes !== undefined) {
    found.push({ digest: pin.manifest, sizeBytes, mediaType: OCI_MANIFEST, title: reference });
  }
  return found;
}

async function userFiles({ lock, sources }: LockedImage, options: GatherOptions): Promise<InputBlob[]> {
  const found: InputBlob[] = [];
  await openFiles(lock.files, { ...options, sources });
  for (const [key, { digest, sizeBytes }] of Object.entries(lock.files)) {
    found.push({ digest, sizeBytes, mediaType: FILE, title: titleOf(key, lock) });
  }
  for (const [index, { digest }] of Object.entries(lock.downloads ?? {})) {
    const property = `files[${index}].source`;
    const { sizeBytes } = await fetchFile({ digest, url: sources[index], property }, options);
    found.push({ digest, sizeBytes, mediaType: FILE, title: titleOf(index, lock) });
  }
  return found;
}

/** The path in the image, since that outside is not for others to see. */
function titleOf(key: string, { spec }: LockedImage['lock']): string {
  return /^[0-9]+$/.test(key) ? (spec.files?.[Number(key)]?.path ?? key) : key;
}
