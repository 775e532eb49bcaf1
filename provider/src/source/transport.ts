import { resolve as resolvePath } from 'node:path';
import type { Attestation } from '../model/attestation.js';
import type { Distribution } from '../model/distribution.js';
import type { ImageBlobs, Opened } from '../model/layer.js';
import type { DirectoryPin, ImagePin, Pin } from '../model/pin.js';
import { type Architecture, architectureOf, type Platform } from '../model/platform.js';
import type { Progress } from '../model/progress.js';
import { type LocalReference, packageFilesIn, parseReference, type Reference } from '../model/reference.js';
import { DEFAULT_SUITE } from '../model/spec.js';
import type { Store } from '../store/store.js';
import type { Mirrors } from './debian/mirrors.js';
import type { PackageFile } from './debian/package-file.js';
import type { Repository } from './debian/repositories.js';
import { SourceError, type SourceErrorCode } from './error.js';
import type { OpenAttestationsOptions } from './oci/attestations.js';
import type { BlobSource } from './oci/blob-source.js';
import type { RegistryClient } from './registry/client.js';

/** What every transport needs to resolve and open. */
export interface SourceOptions {
  readonly store: Store;
  readonly platform: Platform;
  readonly suite: string;
  /** Whose release the suite is. Default: Debian. */
  readonly distribution?: Distribution;
  /** Asked for only when a transport needs it: a spec without packages needs no mirror. */
  readonly mirrors: () => Promise<Mirrors>;
  /** Vendors' repositories of packages, beside Debian's own archives; asked for only when packages are looked up. */
  readonly repositories?: () => Promise<readonly Repository[]>;
  /** Asked for only when an image is in a registry. */
  readonly registries: () => Promise<RegistryClient>;
  readonly offline: boolean;
  /** The paths of references are relative to this folder. */
  readonly directory: string;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** What a reference is for: a kernel is looked up among kernel packages alone; a stub is for firmware to start. */
export type Role = 'kernel' | 'root' | 'guest' | 'stub';

/**
 * Every root made of packages has these two: the merged-/usr links and the users that packages rely on. Their own
 * dependencies (a shell, awk) are for maintainer scripts, which never run here.
 */
const ALWAYS_IN_ROOTS = ['base-files', 'base-passwd'];

export interface ResolveOptions extends SourceOptions {
  /** Package files that references name, by the names that they have in the lock. */
  readonly packageFiles?: ReadonlyMap<string, PackageFile>;
  /** Their packages keep their version where they still can. */
  readonly keep: readonly Pin[];
  /** Where the reference stands in the spec, for errors. */
  readonly property?: string;
}

/** Turns a reference into a pin. */
export async function resolve(reference: string, role: Role, options: ResolveOptions): Promise<Pin> {
  try {
    return await resolveByTransport(reference, role, options);
  } catch (error) {
    const { property } = options;
    if (property === undefined || !(error instanceof SourceError) || !isAboutTheReference(error, reference))
      throw error;
    throw new SourceError(error.code, error.message, { cause: error.cause, context: { ...error.context, property } });
  }
}

/** The user's own words are wrong, and not the network or an archive. */
const ABOUT_THE_REFERENCE = new Set<SourceErrorCode>([
  'bad-reference',
  'unknown-package',
  'unsatisfiable',
  'conflict',
  'no-kernel',
  'no-platform',
  'unsupported',
]);
/** Where the reference names an image, all is about it; that a mirror lacks a package is not the reference's fault. */
function isAboutTheReference({ code }: SourceError, reference: string): boolean {
  return ABOUT_THE_REFERENCE.has(code) || parseReference(reference).transport !== 'deb';
}

async function resolveByTransport(reference: string, role: Role, options: ResolveOptions): Promise<Pin> {
  const parsed = parseReference(reference);
  switch (parsed.transport) {
    case 'deb': {
      const { resolvePackages } = await import('./debian/resolve.js');
      return resolvePackages(parsed.name.split(','), {
        store: options.store,
        ...releaseFor(role, options),
        architecture: architecture(options),
        mirrors: await options.mirrors(),
        now: options.now(),
        signal: options.signal,
        progress: options.progress,
        offline: options.offline,
        files: packageFilesIn(reference).flatMap((name) => options.packageFiles?.get(name) ?? []),
        keep: options.keep.flatMap((pin) => (pin.kind === 'debian' ? pin.packages : [])),
        ...(role === 'kernel' ? { follow: isOfKernel(options.distribution) } : {}),
        ...(role === 'root' ? { always: ALWAYS_IN_ROOTS } : {}),
        // What runs a machine is Debian's own, whatever a vendor calls its packages.
        ...((role === 'kernel' || role === 'root') && options.repositories
          ? { repositories: await options.repositories() }
          : {}),
      });
    }
    case 'dir': {
      const { resolveDirectory } = await import('./directory/directory.js');
      return resolveDirectory(pathOf(parsed, options), { ...options, about: reference });
    }
    default: {
      const { resolveImage } = await import('./oci/resolve.js');
      const { source, image } = await openImages(parsed, options);
      return resolveImage(source, { ...options, reference: image, about: reference });
    }
  }
}

/** What runs a machine is put together from Debian's packages, which are what it is tested with. */
function releaseFor(
  role: Role,
  { suite, distribution }: SourceOptions,
): { readonly suite: string; readonly distribution?: Distribution } {
  if (distribution === undefined) return { suite };
  return role === 'guest' || role === 'stub' ? { suite: DEFAULT_SUITE } : { suite, distribution };
}

/** Ubuntu's modules are in a package of their own; what else kernels depend on is for scripts, which never run here. */
function isOfKernel(distribution: Distribution | undefined): (name: string) => boolean {
  const names = distribution === 'ubuntu' ? /^linux-(?:image|modules)-/ : /^linux-image-/;
  return (name) => names.test(name);
}

/**
 * What is pinned; fetched and unpacked where the store does not have it.
 * @param options.reference Where to find it then. Packages are found by their pins.
 */
export async function open(
  pin: Pin,
  role: Role,
  options: SourceOptions & { readonly reference: string },
): Promise<Opened> {
  switch (pin.kind) {
    case 'debian': {
      const { store, signal, progress, mirrors, offline, directory } = options;
      const files = { paths: packageFilesIn(options.reference), directory };
      // Mirrors are found out only when something has to be fetched: a full cache needs none.
      const debian = { store, signal, progress, mirrors, offline, files };
      if (role === 'kernel') {
        const { openKernel } = await import('./debian/kernel.js');
        return { layers: [await openKernel(pin, debian)] };
      }
      const { openPackages } = await import('./debian/open.js');
      return { layers: await openPackages(pin, debian) };
    }
    case 'directory':
      return openFolder(pin, options);
    case 'image':
      return openImage(pin, options);
  }
}

async function openFolder(pin: DirectoryPin, options: SourceOptions & { readonly reference: string }): Promise<Opened> {
  const { openDirectory } = await import('./directory/directory.js');
  const path = pathOf(parseReference(options.reference), options);
  return { layers: [await openDirectory(pin, path, { ...options, about: options.reference })] };
}

async function openImage(pin: ImagePin, options: SourceOptions & { readonly reference: string }): Promise<Opened> {
  const { openConfig, openLayers } = await import('./oci/open.js');
  const opening = { ...options, source: imagesOf(pin, options), about: options.reference };
  const image = await openConfig(pin, opening);
  return { layers: await openLayers(pin, opening), image };
}

/**
 * The blobs of a pinned image as they are where it comes from, in the store.
 * @throws {SourceError} `unsupported` for a pin of something else; and as for open().
 */
export async function openImageBlobs(
  pin: Pin,
  options: SourceOptions & { readonly reference: string },
): Promise<ImageBlobs> {
  const { reference } = options;
  if (pin.kind !== 'image') {
    throw new SourceError('unsupported', `Cannot use ${reference} as an image: it is none; name a container image`, {
      context: { path: reference },
    });
  }
  const { openBlobs } = await import('./oci/open-blobs.js');
  return openBlobs(pin, { ...options, source: imagesOf(pin, options), about: reference });
}

/**
 * What the makers of a pinned image say is in it, as far as its index names it; fetched where the store does not have
 * it. Empty for what is no container image.
 */
export async function openAttestations(
  pin: Pin,
  options: SourceOptions & { readonly reference: string } & Pick<OpenAttestationsOptions, 'onBlob'>,
): Promise<readonly Attestation[]> {
  if (pin.kind !== 'image' || pin.index === undefined) return [];
  const { openAttestations: openAll } = await import('./oci/attestations.js');
  const { reference } = options;
  const mayBeIncomplete = parseReference(reference).local !== undefined;
  return openAll(pin, { ...options, source: imagesOf(pin, options), about: reference, mayBeIncomplete });
}

/** Where the blobs of a pin are, found out when they are asked for first. */
function imagesOf(pin: ImagePin, options: SourceOptions & { readonly reference: string }): () => Promise<BlobSource> {
  const { reference } = options;
  let opened: Promise<BlobSource> | undefined;
  return () => {
    opened ??= openImages(parseReference(reference), options).then((images) =>
      elsewhereToo(images.source, pin, options),
    );
    return opened;
  };
}

/** The blobs of an image, also those that are not where it is itself. */
async function elsewhereToo(
  source: BlobSource,
  { manifest }: ImagePin,
  options: SourceOptions & { readonly reference: string },
): Promise<BlobSource> {
  if (options.offline) return source;
  const { withElsewhere } = await import('./oci/elsewhere.js');
  const { openManifest } = await import('./oci/resolve.js');
  const { downloadOver } = await import('./url/download.js');
  return withElsewhere(source, {
    manifest: async () => {
      const about = options.reference;
      return (await openManifest(async () => source, manifest, { ...options, about })).manifest;
    },
    download: downloadOver(options.registries),
  });
}

/** Where the blobs of an image are, and what it is called there. */
async function openImages(
  reference: Reference,
  options: SourceOptions,
): Promise<{ readonly source: BlobSource; readonly image: string }> {
  const { text: about, local } = reference;
  switch (local?.transport) {
    case 'oci': {
      const { openFolder: openFiles } = await import('./layout/folder.js');
      const { openLayout } = await import('./layout/layout.js');
      const files = await openFiles(pathOf(reference, options), about);
      return { source: await openLayout(files, about), image: local.image };
    }
    case 'oci-archive': {
      const { openArchive } = await import('./archive/open-archive.js');
      const { openLayout } = await import('./layout/layout.js');
      const files = await openArchive(pathOf(reference, options), { ...options, about });
      return { source: await openLayout(files, about), image: local.image };
    }
    case 'docker-archive': {
      const { openArchive } = await import('./archive/open-archive.js');
      const { openDockerArchive } = await import('./archive/docker-archive.js');
      const files = await openArchive(pathOf(reference, options), { ...options, about });
      return { source: await openDockerArchive(files, { ...options, about }), image: local.image };
    }
    default: {
      const { openRegistry } = await import('./registry/registry.js');
      const { parseImageName, referenceOf } = await import('./registry/image-name.js');
      const name = parseImageName(about);
      if (options.offline) return { source: nothing(about), image: referenceOf(name) };
      const client = await options.registries();
      return { source: openRegistry(name, { client, signal: options.signal }), image: referenceOf(name) };
    }
  }
}

/** What is not in the cache cannot be had offline. */
function nothing(about: string): BlobSource {
  const fail = () => {
    throw new SourceError(
      'unreachable',
      `Cannot fetch ${about}: it is not in the cache, and Ingot is set to work offline; run once with network`,
      { context: { path: about } },
    );
  };
  return {
    manifest: async () => fail(),
    // biome-ignore lint/correctness/useYield: there is nothing to give
    blob: async function* () {
      fail();
    },
  };
}

/** @throws {SourceError} `bad-reference` for a pin of something on this machine without the place where that is. */
function pathOf({ local, text }: Reference, { directory }: SourceOptions): string {
  const { path } = local ?? ({ path: '' } as Partial<LocalReference>);
  if (path) return resolvePath(directory, path);
  throw new SourceError('bad-reference', `Cannot use ${text}: it has no path; wanted one after the colon`, {
    context: { path: text },
  });
}

function architecture(options: SourceOptions): Architecture {
  return architectureOf(options.platform);
}
