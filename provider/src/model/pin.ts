import { z } from 'zod';
import type { Digest } from './digest.js';

const digest = z.custom<Digest>((value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value));

/** Which archive of a Debian-like distribution a package lies in; its address is a setting, never part of a pin. */
export const DebianArchive = z.enum(['main', 'security']);
export type DebianArchive = z.infer<typeof DebianArchive>;

/** One package, exactly. */
export const PinnedPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  /** Of the `.deb` file. */
  digest,
  sizeBytes: z.int().min(0),
  archive: DebianArchive,
  /** Path under the archive's root, such as `pool/main/c/crun/crun_1.21-1_amd64.deb`. */
  path: z.string(),
});
export type PinnedPackage = z.infer<typeof PinnedPackage>;

/** Packages that were asked for and all that they need, sorted by name. */
export const DebianPin = z.strictObject({
  kind: z.literal('debian'),
  suite: z.string(),
  packages: z.array(PinnedPackage),
});
export type DebianPin = z.infer<typeof DebianPin>;

/** A reference, pinned: all that is needed to get the same bytes again. */
export const Pin = z.discriminatedUnion('kind', [DebianPin]);
export type Pin = z.infer<typeof Pin>;
