import type { PinnedPackage } from '../../model/index.js';
import { hexOf } from '../../model/index.js';
import type { InstalledPackage, RecordedPackage } from '../package-databases.js';
import { type Distribution, distroName } from './distribution.js';
import { type Item, itemId } from './item.js';
import { packageUrl } from './package-url.js';

type Where = Pick<Item, 'within' | 'places'>;

/** A package that the image is put together from. */
export function pinnedItem(
  pinned: PinnedPackage,
  { distribution, licences }: { readonly distribution: Distribution; readonly licences: readonly string[] | undefined },
  where: Where,
): Item {
  const { name, version, architecture, archive } = pinned;
  const isDebian = archive === 'main' || archive === 'security';
  const source = sourceOf(pinned);
  const url = packageUrl({
    ...{ type: 'deb', namespace: isDebian ? distribution.id : archive, name, version },
    qualifiers: { arch: architecture, distro: distroName(distribution), upstream: upstreamOf(name, source) },
  });
  return {
    ...{ kind: 'package', id: itemId('package', name, url), name, version, url, architecture },
    ...{ sha256: hexOf(pinned.digest), supplier: isDebian ? 'Debian' : archive },
    ...(source === undefined ? {} : { source: sourceText(source, ' ') }),
    ...(licences === undefined ? {} : { licences }),
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
  const distro = distribution === undefined ? '' : distroName(distribution);
  const url = packageUrl({
    ...{ type: kind, namespace: distribution?.id ?? (kind === 'deb' ? 'debian' : 'alpine'), name, version },
    qualifiers: { arch: architecture, distro, upstream: upstreamOf(name, source) },
  });
  return {
    ...{ kind: 'package', id: itemId('package', name, url), name, version, url, source: sourceText(source, ' ') },
    ...(architecture === '' ? {} : { architecture }),
    ...(licence === '' ? {} : { licences: [licence] }),
    ...(distribution === undefined ? {} : { supplier: distribution.id }),
    ...where,
  };
}

/**
 * Debian's pools have a folder for each source package: `pool/main/g/glibc/…`, `pool/main/libx/libxcrypt/…`. A package
 * that was built again from the same source has `+b` and a number at the end of its version.
 */
function sourceOf({ path, version }: PinnedPackage): InstalledPackage | undefined {
  const name = /(?:^|\/)pool\/(?:[^/]+\/)+(?:lib)?[^/]\/([^/]+)\/[^/]+$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  const own = version.replace(/\+b\d+$/, '');
  return { name, version: own === version ? '' : own };
}

/** Distributions tell vulnerabilities by the source package; scanners look for it here, where it is another. */
function upstreamOf(name: string, source: InstalledPackage | undefined): string {
  return source === undefined || (source.name === name && source.version === '') ? '' : sourceText(source, '@');
}

function sourceText({ name, version }: InstalledPackage, separator: string): string {
  return version === '' ? name : `${name}${separator}${version}`;
}
