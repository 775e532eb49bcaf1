import { basename } from 'node:path';
import { canonicalJson, type Digest, hexOf, sha256 } from '../../model/digest.js';
import type { PinnedPackage } from '../../model/pin.js';
import type { Architecture } from '../../model/platform.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import { explain } from './open.js';
import { readControlTar, recallControl, rememberControl } from './open-control.js';
import { readDeb } from './open-deb.js';
import { putPackageFile } from './package-file-bytes.js';
import type { PackageList } from './packages-index.js';
import { type PackageEntry, packageEntryOf } from './packages-index-entry.js';

/** What pins call the archive of a package that lies in none. That it is a file is told by its `relations`. */
export const FILES_ARCHIVE = 'local';

/** A package that is a file of the user. */
export interface PackageFile {
  /** Without its folder: what stands for it in the lock. */
  readonly fileName: string;
  readonly entry: PackageEntry & { readonly relations: Digest };
}

export interface ReadPackageFileOptions {
  readonly store: Store;
  readonly architecture: Architecture;
  /** The path is relative to this folder. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Where the reference stands in the spec, for errors. */
  readonly property: string;
}

const RELATIONS = ['pre-depends', 'depends', 'provides', 'conflicts', 'breaks'] as const;

/**
 * Reads a package file, which is in the store then.
 * @throws {SourceError} `unreadable`, `malformed`, `unsupported` for one of another architecture, `too-large`.
 */
export async function readPackageFile(path: string, options: ReadPackageFileOptions): Promise<PackageFile> {
  const { store, signal, architecture, property } = options;
  const fileName = basename(path);
  const context = { path, property };
  const stored = await putPackageFile(path, options);
  const named = { name: fileName, version: '', path: fileName, digest: stored.digest } as PinnedPackage;
  const control = await explain({ ...named, name: path }, async () => {
    const known = await recallControl(store, named);
    if (known !== undefined) return known;
    const deb = await readDeb(store, { blob: stored.digest, offset: 0, sizeBytes: stored.sizeBytes });
    const read = await readControlTar(store, deb.control, signal);
    await rememberControl(store, named, read);
    return read;
  });
  const { fields } = control;
  const ofFile = { filename: 'local.deb', size: `${stored.sizeBytes}`, sha256: hexOf(stored.digest) };
  let entry: PackageEntry;
  try {
    entry = packageEntryOf(new Map(Object.entries({ ...fields, ...ofFile })));
  } catch (cause) {
    throw new SourceError('malformed', `Cannot use ${path}: ${(cause as Error).message}`, { cause, context });
  }
  if (entry.architecture !== 'all' && entry.architecture !== architecture) {
    const what = `it is for ${entry.architecture}, and the image for ${architecture}`;
    throw new SourceError('unsupported', `Cannot use ${path}: ${what}; build it for that, or set platform`, {
      context: { ...context, got: entry.architecture, want: architecture },
    });
  }
  const relations = sha256(canonicalJson(RELATIONS.map((field) => fields[field] ?? '')));
  return { fileName, entry: { ...entry, path: fileName, relations } };
}

/** The packages of files, as an archive has them. */
export function listOf(files: readonly PackageFile[]): PackageList {
  const entries = files.map(({ entry }) => entry);
  const providing = (name: string) =>
    entries.filter(({ provides }) => provides.split(',').some((one) => one.trim().split(/[\s(]/)[0] === name));
  return {
    packages: async (name) => entries.filter((entry) => entry.name === name),
    providers: async (name) => providing(name).map((entry) => entry.name),
    async *names() {
      yield* entries.map(({ name }) => name).sort();
    },
  };
}
