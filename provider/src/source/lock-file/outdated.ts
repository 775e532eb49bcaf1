import type { PinnedPackage } from '../../model/pin.js';
import { compareVersions } from '../debian/version.js';
import { type PinChange, pinChanges } from './changes.js';
import type { LockFileContent } from './content.js';
import { packagesOf } from './update.js';

/** Something that is pinned, and that there is a newer one of. */
export interface Outdated {
  readonly kind: 'package' | 'image' | 'init' | 'recipe';
  /** Of the package, or the reference of the image. */
  readonly name: string;
  readonly current: string;
  readonly newest: string;
  /** Whether the archive of security updates has something newer. */
  readonly security: boolean;
  /** The references that pin it. */
  readonly in: readonly string[];
}

/**
 * What is pinned in an older version than the newest, security updates first, then packages, images and Ingot's own,
 * each sorted by name. What the newest needs besides, or needs no more, is not in it.
 */
export function outdatedPins(
  pinned: LockFileContent,
  newest: LockFileContent,
  insecure: ReadonlySet<PinnedPackage>,
): Outdated[] {
  const insecureKeys = new Set([...insecure].map(({ name, version }) => `${name}=${version}`));
  const found = pinChanges(pinned, newest).flatMap((change): Outdated[] => {
    const { kind, name, before, after } = change;
    if (before === undefined || after === undefined || !isNewer(change)) return [];
    const security = kind === 'package' && insecureKeys.has(`${name}=${before}`);
    return [{ kind: kind as Outdated['kind'], name, current: before, newest: after, security, in: change.in }];
  });
  return [...found.filter(({ security }) => security), ...found.filter(({ security }) => !security)];
}

/** All packages that are pinned, each once per reference. */
export function pinnedPackages({ pins, guest }: LockFileContent): PinnedPackage[] {
  return [...Object.values(pins), ...(guest ? [guest.pin] : [])].flatMap(packagesOf);
}

function isNewer({ kind, before = '', after = '' }: PinChange): boolean {
  // A mirror that is behind has older ones.
  if (kind === 'package') return compareVersions(after, before) > 0;
  return kind === 'image' || kind === 'init' || (kind === 'recipe' && Number(after) > Number(before));
}
