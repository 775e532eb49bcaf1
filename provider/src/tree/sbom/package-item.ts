import type { PinnedPackage } from '../../model/index.js';
import { hexOf } from '../../model/index.js';
import type { RecordedPackage } from '../package-databases.js';
import { type Distribution, distroName } from './distribution.js';
import { type Item, itemId } from './item.js';
import { packageUrl } from './package-url.js';

type Where = Pick<Item, 'within' | 'places'>;

/** A package that the image is put together from. */
export function pinnedItem(pinned: PinnedPackage, distribution: Distribution, where: Where): Item {
  const { name, version, architecture, archive } = pinned;
  const isDebian = archive === 'main' || archive === 'security';
  const source = sourceName(pinned);
  const url = packageUrl({
    ...{ type: 'deb', namespace: isDebian ? distribution.id : archive, name, version },
    qualifiers: { arch: architecture, distro: distroName(distribution), ...upstream(name, source) },
  });
  return {
    ...{ kind: 'package', id: itemId('package', name, url), name, version, url, architecture },
    ...{ sha256: hexOf(pinned.digest), supplier: isDebian ? 'Debian' : archive },
    ...(source === undefined ? {} : { source }),
    ...where,
  };
}

/** A package that a container image says it holds. */
export function recordedItem(
  recorded: RecordedPackage,
  { kind, distribution }: { readonly kind: 'deb' | 'apk'; readonly distribution: Distribution | undefined },
  where: Where,
): Item {
  const { name, version, architecture, source, licence } = recorded;
  const owner = distribution ?? { id: kind === 'deb' ? 'debian' : 'alpine', version: '' };
  const sourceText = source.version === '' ? source.name : `${source.name}@${source.version}`;
  const url = packageUrl({
    ...{ type: kind, namespace: owner.id, name, version },
    qualifiers: {
      arch: architecture,
      distro: distribution === undefined ? '' : distroName(distribution),
      ...upstream(name, sourceText),
    },
  });
  return {
    ...{ kind: 'package', id: itemId('package', name, url), name, version, url, source: sourceText.replace('@', ' ') },
    ...(architecture === '' ? {} : { architecture }),
    ...(licence === '' ? {} : { licence }),
    ...(distribution === undefined ? {} : { supplier: distribution.id }),
    ...where,
  };
}

/** Debian's pools have a folder for each source package: `pool/main/g/glibc/…`, `pool/main/libx/libxcrypt/…`. */
function sourceName({ path }: PinnedPackage): string | undefined {
  return /(?:^|\/)pool\/(?:[^/]+\/)+(?:lib)?[^/]\/([^/]+)\/[^/]+$/.exec(path)?.[1];
}

/** Distributions tell vulnerabilities by the source package; scanners look for it here. */
function upstream(name: string, source: string | undefined): { readonly upstream?: string } {
  return source === undefined || source === name ? {} : { upstream: source };
}
