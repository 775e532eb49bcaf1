import type { Lock, TreeEntry } from '../../model/index.js';
import { DEBIAN_RELEASES } from '../debian-status.js';
import { bytesOf } from '../generated.js';
import type { Read } from '../root.js';

/** Whose packages a root is made of: `debian` and `13`, as os-release(5) has `ID` and `VERSION_ID`. */
export interface Distribution {
  readonly id: string;
  readonly version: string;
}

/** What scanners call Ubuntu's releases: their numbers. */
const UBUNTU_RELEASES: ReadonlyMap<string, string> = new Map([
  ...([
    ['jammy', '22.04'],
    ['noble', '24.04'],
    ['plucky', '25.04'],
  ] as const),
  ...([
    ['questing', '25.10'],
    ['resolute', '26.04'],
  ] as const),
]);

/** The release that a lock takes packages from. */
export function releaseOf(suite: string, lock: Pick<Lock, 'distribution' | 'suite'>): Distribution {
  // Ingot's own init is of Debian always.
  if (lock.distribution === 'ubuntu' && suite === lock.suite)
    return { id: 'ubuntu', version: UBUNTU_RELEASES.get(suite) ?? suite };
  return { id: 'debian', version: DEBIAN_RELEASES.get(suite) ?? suite };
}

/** `debian-13`: how scanners look up which vulnerabilities were repaired. */
export function distroName({ id, version }: Distribution): string {
  return version === '' ? id : `${id}-${version}`;
}

const PLACES = ['etc/os-release', 'usr/lib/os-release'];
/** os-release(5), "ID" and "VERSION_ID": what both are made of. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** Real ones have less than 1 kB. */
const MAX_BYTES = 65_536;

/** What the root at that path of a tree says of itself; undefined where it says nothing. */
export async function distributionAt(
  root: string,
  entries: ReadonlyMap<string, TreeEntry>,
  read: Read,
): Promise<Distribution | undefined> {
  for (const place of PLACES) {
    const content = entries.get(root === '' ? place : `${root}/${place}`)?.content;
    if (content === undefined || content.sizeBytes > MAX_BYTES) continue;
    const text = new TextDecoder().decode(await bytesOf(content, read));
    const id = fieldOf('ID', text).toLowerCase();
    if (!NAME.test(id)) continue;
    const version = fieldOf('VERSION_ID', text);
    return { id, version: NAME.test(version) ? version : '' };
  }
  return undefined;
}

/** os-release(5): `NAME=value`, the value in quotes where it has to be. */
function fieldOf(name: string, text: string): string {
  const line = text.split('\n').find((one) => one.startsWith(`${name}=`)) ?? '';
  const value = line.slice(name.length + 1).trim();
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}
