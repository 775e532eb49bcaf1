import { z } from 'zod';
import { canonicalJson, type Digest, type Json, sha256 } from './digest.js';
import { Pin } from './pin.js';
import { DEFAULT_COMMAND_LINE, DEFAULT_PLATFORM, DEFAULT_SOURCE_DATE_EPOCH, DEFAULT_SUITE, Spec } from './spec.js';

/** Raised whenever a golden digest changes, with the reason in the commit. */
export const RECIPE = 1;

const digest = z.custom<Digest>((value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value));

/** The content of one of the user's files. */
export const LockedFile = z.strictObject({ digest, sizeBytes: z.int().min(0) });
export type LockedFile = z.infer<typeof LockedFile>;

/** Everything that decides the bytes of an image, pinned. */
export const Lock = z.strictObject({
  version: z.literal(1),
  recipe: z.int().min(1),
  platform: z.enum(['linux/amd64', 'linux/arm64']),
  suite: z.string(),
  sourceDateEpoch: z.int().min(0),
  /** The spec with defaults left out, addresses and file sources removed (their content is in `files`). */
  spec: Spec,
  /** By reference text, as it stands in the spec. */
  pins: z.record(z.string(), Pin),
  /** By index in `spec.files`, for the entries that have a `source`; an optional one that was missing has none. */
  files: z.record(z.string(), LockedFile),
  /**
   * Ingot's own init: its version, the digest over its files, and the packages its binaries come from. Null where the
   * spec brings an init. The first locks had no digest.
   */
  guest: z.strictObject({ version: z.int().min(1), digest: digest.optional(), pin: Pin }).nullable(),
});
export type Lock = z.infer<typeof Lock>;

/** The one name of the image everywhere: sha256 of the lock's canonical JSON. */
export function lockDigest(lock: Lock): Digest {
  return sha256(canonicalJson(lock as unknown as Json));
}

/**
 * The part of a lock that follows from the spec alone. What stands elsewhere in the lock, or decides no byte (addresses,
 * the paths of the user's files), is taken out of the spec.
 */
export function unpinnedLock(spec: Spec): Pick<Lock, 'version' | 'platform' | 'suite' | 'sourceDateEpoch' | 'spec'> {
  const { platform, sourceDateEpoch, debian, files, kernel, ...rest } = spec;
  return {
    version: 1,
    platform: platform ?? DEFAULT_PLATFORM,
    suite: debian?.suite ?? DEFAULT_SUITE,
    sourceDateEpoch: sourceDateEpoch ?? DEFAULT_SOURCE_DATE_EPOCH,
    spec: {
      ...rest,
      ...(kernel ? { kernel: { ...kernel, cmdline: kernel.cmdline ?? DEFAULT_COMMAND_LINE } } : {}),
      ...(files ? { files: files.map(({ source: _path, ...file }) => file) } : {}),
    },
  };
}

/** A lock, with where its parts were found, so that they can be found again: never part of the identity. */
export interface LockedImage {
  readonly lock: Lock;
  /** By index in `spec.files`: path relative to the folder of the program. */
  readonly sources: Readonly<Record<string, string>>;
  /** By reference to an image on this machine, as it stands in the lock: with its path from the folder of the program. */
  readonly images?: Readonly<Record<string, string>>;
  /** Addresses of the archives, where the spec gives them. */
  readonly mirrors?: { readonly main?: string | undefined; readonly security?: string | undefined };
}
