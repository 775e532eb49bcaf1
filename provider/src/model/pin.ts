import { z } from 'zod';
import type { Digest } from './digest.js';

const digest = z.custom<Digest>((value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value));

/** Debian's own archives. */
export type DebianArchive = 'main' | 'security';

/**
 * Which archive a package lies in: one of Debian's own, or a vendor's repository, by its name. Its address is a setting,
 * never part of a pin.
 */
export const ArchiveName = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/);

/** One package, exactly. */
export const PinnedPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  /** Of the `.deb` file. */
  digest,
  sizeBytes: z.int().min(0),
  archive: ArchiveName,
  /** Path under the archive's root, such as `pool/main/c/crun/crun_1.21-1_amd64.deb`; the name of a file of the user. */
  path: z.string(),
  /**
   * Only of a package that is a file of the user: digest over what it depends on, provides and conflicts with. Where this
   * has changed, what was pinned together with it may not do any more.
   */
  relations: digest.optional(),
});
export type PinnedPackage = z.infer<typeof PinnedPackage>;

/** Packages that were asked for and all that they need, sorted by name. */
export const DebianPin = z.strictObject({
  kind: z.literal('debian'),
  suite: z.string(),
  packages: z.array(PinnedPackage),
});
export type DebianPin = z.infer<typeof DebianPin>;

/** One layer of an image, exactly. */
export const PinnedLayer = z.strictObject({
  /** Of the blob as it is kept, which is compressed as a rule. */
  digest,
  sizeBytes: z.int().min(0),
  mediaType: z.string(),
  /** Of the uncompressed archive. */
  diffId: digest,
});
export type PinnedLayer = z.infer<typeof PinnedLayer>;

/** A container image for one platform; wherever it comes from, it is the same. */
export const ImagePin = z.strictObject({
  kind: z.literal('image'),
  /** Of the index that the manifest was found in, where there was one. */
  index: digest.optional(),
  /** Of the manifest. Archives of Docker have none: there it is that of the manifest that their parts would have. */
  manifest: digest,
  config: z.strictObject({ digest, sizeBytes: z.int().min(0) }),
  /** Lowest first. */
  layers: z.array(PinnedLayer),
});
export type ImagePin = z.infer<typeof ImagePin>;

/** A folder of the user: what is in it, not where it lies. */
export const DirectoryPin = z.strictObject({
  kind: z.literal('directory'),
  /** Over the paths, types, permissions, link targets and contents of all that is in it. */
  digest,
});
export type DirectoryPin = z.infer<typeof DirectoryPin>;

/** A reference, pinned: all that is needed to get the same bytes again. */
export const Pin = z.discriminatedUnion('kind', [DebianPin, ImagePin, DirectoryPin]);
export type Pin = z.infer<typeof Pin>;
