import type { Distribution } from '../../model/distribution.js';
import type { DebianArchive } from '../../model/pin.js';
import type { TrustedKey } from './keyring.js';
import { DEBIAN_ARCHIVE_KEYS } from './keyring-debian.js';
import { UBUNTU_ARCHIVE_KEYS } from './keyring-ubuntu.js';
import type { Mirrors } from './mirrors.js';

/** By what the archives of a distribution are known. */
export interface DistributionFacts {
  readonly name: string;
  readonly keys: readonly TrustedKey[];
  /** What its releases give as their origin. */
  readonly origin: string;
  /** What they give as their label. */
  readonly labels: Readonly<Record<DebianArchive, string>>;
  /** Which field of a release has the whole name of its suite, with `-updates` or `-security`. */
  readonly suiteField: 'codename' | 'suite';
  /** Those that packages are taken from. */
  readonly components: readonly string[];
  /** Environment variables that have the addresses of its mirrors. */
  readonly variables: Readonly<Record<DebianArchive, string>>;
  /** What pins call its archives. */
  readonly archives: Readonly<Record<DebianArchive, string>>;
  /** What archives of snapshots call its archives. */
  readonly snapshots: Readonly<Record<DebianArchive, string>>;
}

export const DISTRIBUTIONS: Readonly<Record<Distribution, DistributionFacts>> = {
  debian: {
    ...{ name: 'Debian', keys: DEBIAN_ARCHIVE_KEYS, origin: 'Debian', suiteField: 'codename', components: ['main'] },
    labels: { main: 'Debian', security: 'Debian-Security' },
    variables: { main: 'INGOT_DEBIAN_MIRROR', security: 'INGOT_DEBIAN_SECURITY_MIRROR' },
    archives: { main: 'main', security: 'security' },
    snapshots: { main: 'debian', security: 'debian-security' },
  },
  // Its code name is the same in all pockets, and mirrors have all of them in one place.
  ubuntu: {
    ...{ name: 'Ubuntu', keys: UBUNTU_ARCHIVE_KEYS, origin: 'Ubuntu', suiteField: 'suite' },
    components: ['main', 'universe'],
    labels: { main: 'Ubuntu', security: 'Ubuntu' },
    variables: { main: 'INGOT_UBUNTU_MIRROR', security: 'INGOT_UBUNTU_SECURITY_MIRROR' },
    archives: { main: 'ubuntu', security: 'ubuntu-security' },
    snapshots: { main: 'ubuntu', security: 'ubuntu' },
  },
};

/** The archive of a distribution that pins call so; undefined where it is a vendor's. */
export function archiveCalled(
  name: string,
  { ubuntu }: Pick<Mirrors, 'ubuntu'>,
): { readonly distribution: Distribution; readonly archive: DebianArchive } | undefined {
  for (const distribution of ['debian', 'ubuntu'] as const) {
    // Who has Ubuntu's archives among vendors' repositories may call one so too.
    if (distribution === 'ubuntu' && ubuntu === undefined) continue;
    for (const archive of ['main', 'security'] as const) {
      if (DISTRIBUTIONS[distribution].archives[archive] === name) return { distribution, archive };
    }
  }
  return undefined;
}

/**
 * Address of an archive.
 * @throws {SourceError} `no-mirror` where none is known.
 */
export function mirrorOf(
  mirrors: Mirrors,
  { distribution, archive }: { readonly distribution: Distribution; readonly archive: DebianArchive },
): string {
  if (distribution === 'ubuntu' && mirrors.ubuntu !== undefined) return mirrors.ubuntu[archive];
  if (mirrors.noDebian !== undefined) throw mirrors.noDebian;
  return mirrors[archive];
}
