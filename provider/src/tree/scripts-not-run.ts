import type { Layer } from '../model/index.js';
import { KNOWN_PACKAGES } from './known-packages.js';

/**
 * Packages whose scripts were read: what they do is done here in another way, or has no place in an image. They clean up
 * after older versions, tell the running system, register themselves with the package manager, or fill caches.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  // Users, links of the merged /usr, and the bundle of authorities are made for every root of packages.
  ...['base-passwd', 'ca-certificates', 'passwd', 'login.defs'],
  ...['bash', 'dash', 'dpkg', 'e2fsprogs', 'init-system-helpers', 'libc6', 'libc-bin', 'perl', 'procps', 'systemd'],
  ...['adduser', 'debconf', 'debian-archive-keyring', 'openssl', 'tar', 'ucf', 'udev', 'nginx', 'readline-common'],
  ...['libgcrypt20', 'libgssapi-krb5-2', 'libpam0g', 'libselinux1', 'libwtmpdb0', 'python3', 'python3-minimal'],
  // Only what they are told to when they ask.
  ...['iproute2', 'locales', 'tzdata', 'libpam-modules', 'postgresql'],
]);

/** Python's own scripts compile its library; modules of nginx tell it that they are there; libraries once moved to another folder keep the old path free. */
const HARMLESS_NAMES =
  /^(?:lib)?python3\.\d+(?:-minimal|-stdlib)?$|^libnginx-mod-|^lib(?:ext2fs2|readline8|tirpc3)(?:t64)?$/;

/** Packages among layers whose maintainer scripts nobody does the work of → which scripts, sorted by name. */
export function scriptsNotRun(layers: Iterable<Layer>): Record<string, string> {
  const found = new Map<string, string>();
  for (const { package: named } of layers) {
    const { name = '', unknownScripts = [] } = named ?? {};
    if (unknownScripts.length === 0 || KNOWN_PACKAGES.has(name) || HARMLESS.has(name)) continue;
    if (!HARMLESS_NAMES.test(name)) found.set(name, unknownScripts.join(', '));
  }
  return Object.fromEntries([...found].sort(([left], [right]) => (left < right ? -1 : 1)));
}
