import { generated } from './generated.js';
import { type Folder, findLink, newFile, type Ownership, put } from './root.js';

/** Version numbers of the releases, which scanners look vulnerabilities up by. */
export const DEBIAN_RELEASES: ReadonlyMap<string, string> = new Map([
  ['bookworm', '12'],
  ['trixie', '13'],
  ['forky', '14'],
]);

/**
 * A record of one package in var/lib/dpkg/status.d, where scanners look in images that dpkg never ran in: one file
 * per package, with the fields that name it.
 */
export function addPackageRecord(
  root: Folder,
  { name, version, architecture }: { name: string; version: string; architecture: string },
  ownerships: { readonly record: Ownership; readonly shared: Ownership },
): void {
  const text = `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nVersion: ${version}\n`;
  const file = newFile(generated(text), { ...ownerships.record, mode: 0o644 });
  put(root, `var/lib/dpkg/status.d/${name}`, file, ownerships.shared);
}

/** The release in etc/os-release, for scanners, where base-files is not among the packages. */
export function addOsRelease(root: Folder, suite: string, ownership: Ownership): void {
  if (findLink(root, 'etc/os-release') !== undefined) return;
  const number = DEBIAN_RELEASES.get(suite);
  const version = number === undefined ? '' : `VERSION_ID="${number}"\n`;
  const text = `NAME="Debian GNU/Linux"\nID=debian\n${version}VERSION_CODENAME=${suite}\n`;
  put(root, 'etc/os-release', newFile(generated(text), { ...ownership, mode: 0o644 }), ownership);
}
