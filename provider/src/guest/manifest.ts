import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type Digest, sha256, shortDigest } from '../model/digest.js';
import type { GuestFile, GuestPick } from '../model/guest.js';
import type { Architecture } from '../model/platform.js';
import { GuestError } from './error.js';

/** Raised whenever a file of the guest changes; manifest.test.ts has the digest of each version. */
export const GUEST_VERSION = 1;

/** Debian packages that the init's binaries come from. */
export const GUEST_PACKAGES: readonly string[] = [
  'busybox-static',
  'crun',
  'libc6',
  'libcap2',
  'libseccomp2',
  'libsystemd0',
  'libyajl2',
];

/**
 * What a unified kernel image begins with: systemd's EFI stub, from this package. It is pinned with the init's packages,
 * and is no part of the root.
 */
export const BOOT_STUB_PACKAGE = 'systemd-boot-efi';

/** Where the stub lies in its package. */
export const BOOT_STUB: Readonly<Record<Architecture, string>> = {
  amd64: 'usr/lib/systemd/boot/efi/linuxx64.efi.stub',
  arm64: 'usr/lib/systemd/boot/efi/linuxaa64.efi.stub',
};

/** Where the scripts are, from `dist/guest` as from `src/guest`. */
const SCRIPTS = join(__dirname, '..', '..', 'src', 'guest', 'root');

/** Scripts and configuration: path in the image, which is also that below `root/`, and mode. */
const FILES: Readonly<Record<string, number>> = {
  init: 0o755,
  'usr/lib/ingot/boot': 0o755,
  'usr/lib/ingot/container.sh': 0o644,
  'usr/lib/ingot/dhcp': 0o755,
  'usr/lib/ingot/fstab.devices': 0o644,
  'usr/lib/ingot/fstab.root': 0o644,
  'usr/lib/ingot/log.sh': 0o644,
  'usr/lib/ingot/network.sh': 0o644,
  'usr/lib/ingot/plan.awk': 0o644,
  'usr/lib/ingot/power.sh': 0o644,
  'usr/lib/ingot/process.sh': 0o644,
  'usr/lib/ingot/say.sh': 0o644,
  'usr/lib/ingot/service.sh': 0o644,
};

/**
 * What others than the scripts call by name: the kernel (modprobe, poweroff, reboot) and tools that expect a shell.
 * The scripts themselves need no links: busybox's shell finds busybox's commands without.
 */
const LINKS: Readonly<Record<string, string>> = {
  'usr/bin/sh': 'busybox',
  'usr/sbin/halt': '../bin/busybox',
  'usr/sbin/modprobe': '../bin/busybox',
  'usr/sbin/poweroff': '../bin/busybox',
  'usr/sbin/reboot': '../bin/busybox',
};

/** Where the read-only root is mounted before it becomes `/`; the tree makes the other mount points. */
const DIRECTORIES: Readonly<Record<string, number>> = { 'usr/lib/ingot/root': 0o755 };

/** The loader has the name that every program asks for, in the folder that it asks for. */
const LOADER: Readonly<Record<Architecture, string>> = {
  amd64: 'usr/lib64/ld-linux-x86-64.so.2',
  arm64: 'usr/lib/ld-linux-aarch64.so.1',
};

/** The files that are taken out of the packages: busybox, crun, and the shared libraries that crun needs. */
export function guestPicks(architecture: Architecture): readonly GuestPick[] {
  return [
    { package: 'busybox-static', from: 'usr/bin/busybox' },
    { package: 'crun', from: 'usr/bin/crun' },
    { package: 'libc6', from: LOADER[architecture] },
    { package: 'libc6', from: 'usr/lib/*-linux-gnu/libc.so.6' },
    // Of libsystemd.
    { package: 'libc6', from: 'usr/lib/*-linux-gnu/libm.so.6' },
    { package: 'libcap2', from: 'usr/lib/*-linux-gnu/libcap.so.2' },
    { package: 'libseccomp2', from: 'usr/lib/*-linux-gnu/libseccomp.so.2' },
    { package: 'libsystemd0', from: 'usr/lib/*-linux-gnu/libsystemd.so.0' },
    { package: 'libyajl2', from: 'usr/lib/*-linux-gnu/libyajl.so.2' },
  ];
}

/** Identity of the init: over its files, and over what it takes out of which package. */
export function guestDigest(files: readonly GuestFile[], picks: readonly GuestPick[]): Digest {
  const lines = files.map(({ path, mode, bytes, link, directory }) =>
    canonicalJson({ path, mode, sha256: bytes && sha256(bytes), link, directory }),
  );
  return sha256(
    [...lines, ...picks.map(({ package: name, from, to }) => canonicalJson({ name, from, to }))].join('\n'),
  );
}

/** The init that is here, as locks name it. */
export async function currentGuest(architecture: Architecture): Promise<{ version: number; digest: Digest }> {
  return { version: GUEST_VERSION, digest: guestDigest(await readGuestFiles(), guestPicks(architecture)) };
}

/**
 * Checks that the init that a lock pins is the one that is here.
 * @throws {GuestError} `other-version`.
 */
export function requireGuest(
  locked: { readonly version: number; readonly digest?: Digest | undefined },
  here: Digest,
): void {
  const { version, digest = here } = locked;
  if (version === GUEST_VERSION && digest === here) return;
  const remedy =
    version > GUEST_VERSION
      ? 'use the Ingot that made the lock'
      : 'use the Ingot that made the lock, or move it: change the spec, or set pins to latest';
  throw new GuestError(
    'other-version',
    `Cannot build with version ${version} of Ingot's own init (${shortDigest(digest)}): this Ingot has version ` +
      `${GUEST_VERSION} (${shortDigest(here)}); ${remedy}`,
    { got: String(version), want: String(GUEST_VERSION) },
  );
}

/** The scripts, configuration, links and folders of the init, sorted by path; line ends are LF wherever they are read. */
export async function readGuestFiles(): Promise<GuestFile[]> {
  const files: GuestFile[] = [];
  for (const [path, mode] of Object.entries(FILES)) {
    const text = await readFile(join(SCRIPTS, path), 'utf8');
    files.push({ path, mode, bytes: Buffer.from(text.replaceAll('\r\n', '\n')) });
  }
  for (const [path, link] of Object.entries(LINKS)) files.push({ path, mode: 0o777, link });
  for (const [path, mode] of Object.entries(DIRECTORIES)) files.push({ path, mode, directory: true });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
