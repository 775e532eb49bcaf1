import type { Distribution } from '../../model/distribution.js';
import type { DebianPin, PinnedPackage } from '../../model/pin.js';
import type { Architecture } from '../../model/platform.js';
import type { Progress } from '../../model/progress.js';
import { isPackageFile } from '../../model/reference.js';
import { didYouMean, nearest } from '../../model/suggestion.js';
import type { Store } from '../../store/store.js';
import { SourceError } from '../error.js';
import type { Patience } from './fetch-transfer.js';
import type { TrustedKey } from './keyring.js';
import type { Mirrors } from './mirrors.js';
import { FILES_ARCHIVE, listOf, type PackageFile } from './package-file.js';
import { openPackagesIndex } from './packages-index.js';
import type { RequestPatience } from './release-request.js';
import { currentReleases } from './releases.js';
import type { Repository } from './repositories.js';
import { closureOf } from './resolve-closure.js';
import { parseRequests } from './resolve-request.js';
import { pinOf, Universe, type UniverseIndex } from './resolve-universe.js';

export interface ResolveOptions {
  readonly store: Store;
  /** Code name of a release, such as `trixie`. Its updates and security updates count too. */
  readonly suite: string;
  /** Default: Debian. */
  readonly distribution?: Distribution;
  readonly architecture: Architecture;
  readonly mirrors: Mirrors;
  /** Vendors' repositories, beside Debian's own archives. */
  readonly repositories?: readonly Repository[];
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Package files of the user; a name that ends in `.deb` is one of these, by the name of its file. */
  readonly files?: readonly PackageFile[];
  /** Packages that keep their version, where the suite still has it and what needs them can live with it. */
  readonly keep?: readonly PinnedPackage[];
  /** Which dependencies count, by name; those that name none of them are passed over. Default: all. */
  readonly follow?: (name: string) => boolean;
  /** Packages that are added without what they need. */
  readonly always?: readonly string[];
  /** How old a look at the mirrors may be. Default: 3600. */
  readonly maxAgeSeconds?: number;
  /** Ask no mirror, and take what was seen last, of any age. Default: false. */
  readonly offline?: boolean;
  /** Whose signatures count. Default: those of the distribution's keys. */
  readonly keys?: readonly TrustedKey[];
  readonly patience?: { readonly request: RequestPatience; readonly transfer: Patience };
}

/**
 * Pins packages and all that they need (Pre-Depends and Depends, never Recommends), in their newest versions, sorted by
 * name. The same names, indexes and `keep` always give the same pin.
 * @param names of packages, or `name=version` for exactly that one.
 * @throws {SourceError} `bad-reference`, `unknown-package`, `unsatisfiable`, `conflict`; and as currentReleases() and
 *   openPackagesIndex() do.
 */
export async function resolvePackages(names: readonly string[], options: ResolveOptions): Promise<DebianPin> {
  const reference = `deb:${names.join(',')}`;
  const { suite, signal, files = [] } = options;
  const requests = parseRequests(
    names.map((name) => (isPackageFile(name) ? requestOf(name, { files, reference }) : name)),
    reference,
  );
  const universe = await openUniverse(options);
  options.progress({ step: `resolving ${reference}` });
  const packages = await closureOf(universe, {
    ...{ reference, suite, requests, signal },
    keep: options.keep ?? [],
    follow: options.follow ?? (() => true),
    always: options.always ?? [],
    onUnknown: (name) => failUnknown(name, { reference, suite, universe }),
  });
  const sorted = packages.sort((left, right) => (left.name < right.name ? -1 : 1));
  return { kind: 'debian', suite, packages: sorted.map(pinOf) };
}

/** Exactly the package in a file. */
function requestOf(
  fileName: string,
  { files, reference }: { readonly files: readonly PackageFile[]; readonly reference: string },
): string {
  const file = files.find((one) => one.fileName === fileName);
  if (file !== undefined) return `${file.entry.name}=${file.entry.version}`;
  throw new SourceError('bad-reference', `Cannot resolve ${reference}: ${fileName} is a file that was not read`, {
    context: { path: reference },
  });
}

async function openUniverse(options: ResolveOptions): Promise<Universe> {
  const { patience, files = [], ...rest } = options;
  const releases = await currentReleases({ ...rest, ...(patience ? { patience: patience.request } : {}) });
  const { http } = options.mirrors;
  const indexes: UniverseIndex[] = [];
  // One after the other: each takes memory while it is made, and the first has nearly all packages.
  for (const release of releases) {
    for (const component of release.components) {
      const transferring = patience ? { patience: patience.transfer } : {};
      const index = await openPackagesIndex(release, { ...rest, ...transferring, http, component });
      indexes.push({ archive: release.archive, index, priority: release.priority });
    }
  }
  const ofUser = { archive: FILES_ARCHIVE, index: listOf(files), priority: Number.POSITIVE_INFINITY };
  return new Universe([...(files.length > 0 ? [ofUser] : []), ...indexes], options.architecture);
}

async function failUnknown(
  name: string,
  { reference, suite, universe }: { reference: string; suite: string; universe: Universe },
): Promise<never> {
  const names = new Set<string>();
  for await (const known of universe.names()) names.add(known);
  const hint = didYouMean(nearest(name, names)) || '; check its spelling, and debian.suite';
  throw new SourceError('unknown-package', `Cannot resolve ${reference}: ${suite} has no package ${name}${hint}`, {
    context: { path: reference, got: name },
  });
}
