import { z } from 'zod';
import { canonicalJson, type Digest, type Json, sha256 } from './digest.js';
import { Pin } from './pin.js';
import {
  DEFAULT_COMMAND_LINE,
  DEFAULT_PLATFORM,
  DEFAULT_SOURCE_DATE_EPOCH,
  DEFAULT_SUITE,
  type Repository,
  Spec,
} from './spec.js';

/**
 * Raised whenever a golden digest changes, with the reason in the commit.
 * - 2: containers under Ingot's own init are hardened (tree/hardening.ts). Locks of 1 keep their bytes.
 */
export const RECIPE = 2;

const digest = z.custom<Digest>((value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value));

/** The content of one of the user's files. */
export const LockedFile = z.strictObject({ digest, sizeBytes: z.int().min(0) });
export type LockedFile = z.infer<typeof LockedFile>;

/** A file that is fetched, of any size; unpacked where it is to be. */
export const LockedDownload = z.strictObject({ digest, unpack: z.literal(true).optional() });
export type LockedDownload = z.infer<typeof LockedDownload>;

/** Everything that decides the bytes of an image, pinned. */
export const Lock = z.strictObject({
  version: z.literal(1),
  recipe: z.int().min(1),
  platform: z.enum(['linux/amd64', 'linux/arm64']),
  suite: z.string(),
  /** Whose release the suite is. Absent for Debian. */
  distribution: z.literal('ubuntu').optional(),
  sourceDateEpoch: z.int().min(0),
  /** The spec with defaults left out, addresses and file sources removed (their content is in `files`). */
  spec: Spec,
  /** By reference text, as it stands in the spec. */
  pins: z.record(z.string(), Pin),
  /**
   * By index in `spec.files`, for the entries whose `source` is a path; an optional one that was missing has none. By
   * `ca[INDEX]` for the files of `spec.ca`.
   */
  files: z.record(z.string(), LockedFile),
  /** By index in `spec.files`, for the entries whose `source` is an address. Absent where there is none. */
  downloads: z.record(z.string(), LockedDownload).optional(),
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

type UnpinnedLock = Pick<
  Lock,
  'version' | 'platform' | 'suite' | 'distribution' | 'sourceDateEpoch' | 'spec' | 'downloads'
>;

/**
 * The part of a lock that follows from the spec alone. What stands elsewhere in the lock, or decides no byte (addresses,
 * the paths of the user's files), is taken out of the spec.
 */
export function unpinnedLock(spec: Spec): UnpinnedLock {
  const { platform, sourceDateEpoch, debian, files, kernel, ca, ...rest } = spec;
  const certificates = ca?.filter((entry) => typeof entry === 'string') ?? [];
  const downloads = downloadsOf(spec);
  const runsOn = platform ?? DEFAULT_PLATFORM;
  return {
    version: 1,
    platform: runsOn,
    suite: debian?.suite ?? DEFAULT_SUITE,
    ...(debian?.distribution === 'ubuntu' ? { distribution: 'ubuntu' as const } : {}),
    sourceDateEpoch: sourceDateEpoch ?? DEFAULT_SOURCE_DATE_EPOCH,
    spec: {
      ...rest,
      ...(kernel ? { kernel: { ...kernel, cmdline: kernel.cmdline ?? DEFAULT_COMMAND_LINE[runsOn] } } : {}),
      ...(files ? { files: files.map(({ source: _path, ...file }) => file) } : {}),
      ...(certificates.length > 0 ? { ca: certificates } : {}),
    },
    ...(downloads ? { downloads } : {}),
  };
}

function downloadsOf({ files = [] }: Spec): Lock['downloads'] {
  const downloads: Record<string, LockedDownload> = {};
  for (const [index, { source }] of files.entries()) {
    if (typeof source !== 'object') continue;
    downloads[index] = { digest: `sha256:${source.sha256}`, ...(source.unpack === true ? { unpack: true } : {}) };
  }
  return Object.keys(downloads).length > 0 ? downloads : undefined;
}

/** Addresses of the archives, where the spec gives them, and of vendors' repositories. */
export interface ArchiveAddresses {
  readonly main?: string | undefined;
  readonly security?: string | undefined;
  readonly repositories?: readonly Pick<Repository, 'name' | 'url' | 'auth'>[];
  /** Of an archive that keeps what mirrors have dropped, with `{archive}` and `{time}` in it. */
  readonly snapshot?: string | undefined;
  /** When packages were pinned, so that they can be found in such an archive. */
  readonly lockedAt?: LockTimes;
}

/** By reference whose packages are pinned, and `init` for those of Ingot's own: when, such as `2026-11-22T18:00:00Z`. */
export type LockTimes = Readonly<Record<string, string>>;

/** What a spec says of where packages are found. */
export function archiveAddresses({ debian = {} }: Spec): ArchiveAddresses {
  const { mirror: main, securityMirror: security, repositories, snapshot } = debian;
  return {
    ...{ main, security },
    ...(repositories ? { repositories: repositories.map(({ name, url, auth }) => ({ name, url, auth })) } : {}),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

/** What of a locked image may be kept in a state: all but how to get into repositories. */
export function withoutAuth(image: LockedImage): LockedImage {
  const { mirrors } = image;
  if (mirrors?.repositories === undefined) return image;
  const repositories = mirrors.repositories.map(({ auth: _, ...repository }) => repository);
  return { ...image, mirrors: { ...mirrors, repositories } };
}

/** A lock, with where its parts were found, so that they can be found again: never part of the identity. */
export interface LockedImage {
  readonly lock: Lock;
  /** By key in `lock.files` and `lock.downloads`: path relative to the folder of the program, or address. */
  readonly sources: Readonly<Record<string, string>>;
  /** By reference to an image on this machine, as it stands in the lock: with its path from the folder of the program. */
  readonly images?: Readonly<Record<string, string>>;
  readonly mirrors?: ArchiveAddresses;
}
