import type { PinnedPackage } from '../../model/pin.js';
import { DISTRIBUTIONS } from './distribution.js';
import { openPackagesIndex } from './packages-index.js';
import { currentReleases } from './releases.js';
import type { ResolveOptions } from './resolve.js';
import { compareVersions } from './version.js';

/**
 * Of pinned packages, those that the archive of security updates has a newer version of. Once a release has taken an
 * update in, both archives have it, and the resolver pins that of the release: so it is asked for here.
 * @throws {SourceError} as currentReleases() and openPackagesIndex() do.
 */
export async function withSecurityUpdate(
  pinned: readonly PinnedPackage[],
  options: Pick<
    ResolveOptions,
    'store' | 'suite' | 'distribution' | 'architecture' | 'mirrors' | 'now' | 'signal' | 'progress' | 'offline' | 'keys'
  >,
): Promise<Set<PinnedPackage>> {
  const found = new Set<PinnedPackage>();
  const { archives } = DISTRIBUTIONS[options.distribution ?? 'debian'];
  for (const release of await currentReleases({ ...options, repositories: [] })) {
    if (release.archive !== archives.security) continue;
    for (const component of release.components) {
      const index = await openPackagesIndex(release, { ...options, component, http: options.mirrors.http });
      for (const one of pinned) {
        // A vendor's package is another one, whatever its name.
        if (one.archive !== archives.main && one.archive !== archives.security) continue;
        const entries = await index.packages(one.name);
        const newer = entries.some(
          ({ architecture, version }) =>
            (architecture === 'all' || architecture === options.architecture) &&
            compareVersions(version, one.version) > 0,
        );
        if (newer) found.add(one);
      }
    }
  }
  return found;
}
