import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Digest } from '../model/digest.js';
import { type Lock, type LockedImage, lockDigest } from '../model/lock.js';
import type { LayoutFile } from '../source/inputs/layout.js';
import type { LockFileContent } from '../source/lock-file/content.js';
import { isLocal } from './references.js';
import { sourceOptions } from './source-options.js';
import type { Workshop } from './workshop.js';

/** The inputs of an image, ready to be written elsewhere. */
export interface ExportedInputs {
  readonly image: Digest;
  readonly files: readonly LayoutFile[];
  readonly sizeBytes: number;
  /** As a tar archive, to be taken once. */
  readonly tar: () => AsyncIterable<Uint8Array>;
  /** Into a folder that is not there yet. */
  readonly writeTo: (folder: string) => Promise<void>;
}

/** Lock → all that it names, as an OCI layout: what it takes to build the image again without any network. */
export async function exportInputs(image: LockedImage, workshop: Workshop): Promise<ExportedInputs> {
  const { gatherInputs } = await import('../source/inputs/gather.js');
  const { inputsLayout } = await import('../source/inputs/layout.js');
  const { layoutTar, writeLayoutFolder } = await import('../source/inputs/write.js');
  const { environment } = workshop.settings.registries;
  const options = { ...sourceOptions(image.lock, workshop, image.mirrors), environment };
  const files = inputsLayout(await gatherInputs(image, options));
  return {
    image: lockDigest(image.lock),
    files,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    tar: () => layoutTar(files, workshop),
    writeTo: (folder) => writeLayoutFolder(folder, files, workshop),
  };
}

/**
 * Lock → what a lock file beside its spec says: then the spec is built of the same again, wherever it is. When its
 * packages were pinned, no lock says, and nobody has to look for those that are in the cache.
 */
export function lockFileContentOf({ platform, suite, recipe, guest, pins }: Lock): LockFileContent {
  const shared = Object.entries(pins).filter(([reference]) => !isLocal(reference));
  return { platform, suite, recipe, guest, pins: Object.fromEntries(shared) };
}

/** A folder or archive that exportInputs() has made → Lock, with all that it names in the store. */
export async function importInputs(path: string, workshop: Workshop): Promise<Lock> {
  const { importInputs: importAll } = await import('../source/inputs/import.js');
  const full = resolve(workshop.directory, path);
  const options = { ...workshop, about: path };
  const isFolder = (await stat(full).catch(() => undefined))?.isDirectory() === true;
  const files = isFolder
    ? await (await import('../source/layout/folder.js')).openFolder(full, path)
    : await (await import('../source/archive/open-archive.js')).openArchive(full, options);
  return importAll(files, options);
}
