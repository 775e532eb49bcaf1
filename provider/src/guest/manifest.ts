import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type Digest, type Json, sha256, shortDigest } from '../model/digest.js';
import type { GuestFile, GuestPart, GuestParts, GuestPick } from '../model/guest.js';
import type { Architecture } from '../model/platform.js';
import { GuestError } from './error.js';

/** Raised whenever a file of the guest changes; manifest.test.ts has the digest of each version. */
export const GUEST_VERSION = 2;

/** Debian packages that the binaries of the init, and of the initramfs of a disk, come from. */
export const GUEST_PACKAGES: readonly string[] = [
  'busybox-static',
  'crun',
  'dmsetup',
  'e2fsprogs',
  'libblkid1',
  'libc6',
  'libcap2',
  'libcom-err2',
  'libdevmapper1.02.1',
  'libext2fs2t64',
  'libpcre2-8-0',
  'libseccomp2',
  'libselinux1',
  'libsystemd0',
  'libudev1',
  'libuuid1',
  'libyajl2',
  'netbase',
  'openntpd',
];

/** Where the boot stub lies in its package. */
export const BOOT_STUB: Readonly<Record<Architecture, string>> = {
  amd64: 'usr/lib/systemd/boot/efi/linuxx64.efi.stub',
  arm64: 'usr/lib/systemd/boot/efi/linuxaa64.efi.stub',
};

/** Where the scripts are, from `dist/guest` as from `src/guest`. */
const SCRIPTS = join(__dirname, '..', '..', 'src', 'guest');

/** Scripts and configuration: path in the image, which is also that below `root/`, and mode. */
const FILES: Readonly<Record<string, number>> = {
  'etc/group': 0o644,
  'etc/passwd': 0o644,
  init: 0o755,
  'usr/bin/svc': 0o755,
  'usr/lib/ingot/boot': 0o755,
  'usr/lib/ingot/commands.sh': 0o644,
  'usr/lib/ingot/container.sh': 0o644,
  'usr/lib/ingot/devices.sh': 0o644,
  'usr/lib/ingot/dhcp': 0o755,
  'usr/lib/ingot/dhcp6': 0o755,
  'usr/lib/ingot/disks.sh': 0o644,
  'usr/lib/ingot/fstab.devices': 0o644,
  'usr/lib/ingot/fstab.root': 0o644,
  'usr/lib/ingot/health.sh': 0o644,
  'usr/lib/ingot/json.awk': 0o644,
  'usr/lib/ingot/log.sh': 0o644,
  'usr/lib/ingot/metadata.sh': 0o644,
  'usr/lib/ingot/network-config.awk': 0o644,
  'usr/lib/ingot/network-data.awk': 0o644,
  'usr/lib/ingot/network.awk': 0o644,
  'usr/lib/ingot/network.sh': 0o644,
  'usr/lib/ingot/openstack.awk': 0o644,
  'usr/lib/ingot/plan.awk': 0o644,
  'usr/lib/ingot/power.sh': 0o644,
  'usr/lib/ingot/process.awk': 0o644,
  'usr/lib/ingot/process.sh': 0o644,
  'usr/lib/ingot/ready.sh': 0o644,
  'usr/lib/ingot/resolv.sh': 0o644,
  'usr/lib/ingot/say.sh': 0o644,
  'usr/lib/ingot/secret.sh': 0o644,
  'usr/lib/ingot/service.sh': 0o644,
  'usr/lib/ingot/settings.sh': 0o644,
  'usr/lib/ingot/shell.sh': 0o644,
  'usr/lib/ingot/step.sh': 0o644,
  'usr/lib/ingot/time.sh': 0o644,
  'usr/lib/ingot/userdata.awk': 0o644,
  'usr/lib/ingot/yaml.awk': 0o644,
  'usr/lib/ingot/www/cgi-bin/index.cgi': 0o755,
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

const ROOT: Sources = {
  scripts: Object.entries(FILES).map(([path, mode]) => ({ path, mode, source: `root/${path}` })),
  links: LINKS,
  directories: DIRECTORIES,
};

/** What the initramfs of a disk and the root have alike. */
const SHARED = ['usr/lib/ingot/devices.sh', 'usr/lib/ingot/fstab.devices', 'usr/lib/ingot/say.sh'];

const INITRAMFS: Sources = {
  scripts: [
    { path: 'init', mode: 0o755, source: 'initramfs/init' },
    ...SHARED.map((path) => ({ path, mode: 0o644, source: `root/${path}` })),
  ],
  // The kernel calls it.
  links: { 'usr/sbin/modprobe': '../bin/busybox' },
  // Where file systems are mounted; `image` is to become the root.
  directories: Object.fromEntries(['dev', 'image', 'proc', 'run', 'sys'].map((path) => [path, 0o755])),
};

/** What one root is made of: scripts and where they lie in `guest/`, links, folders with their modes. */
interface Sources {
  readonly scripts: readonly { readonly path: string; readonly mode: number; readonly source: string }[];
  readonly links: Readonly<Record<string, string>>;
  readonly directories: Readonly<Record<string, number>>;
}

/** The loader has the name that every program asks for, in the folder that it asks for. */
const LOADER: Readonly<Record<Architecture, string>> = {
  amd64: 'usr/lib64/ld-linux-x86-64.so.2',
  arm64: 'usr/lib/ld-linux-aarch64.so.1',
};

/** The files that are taken out of the packages: busybox, crun, and the shared libraries that crun needs. */
function rootPicks(architecture: Architecture): readonly GuestPick[] {
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
    // Where ntpd learns its port.
    { package: 'netbase', from: 'etc/services' },
    { package: 'openntpd', from: 'usr/sbin/ntpd' },
    ...DISK_PICKS.map((pick): GuestPick => ({ ...pick, for: 'disks' })),
  ];
}

/** What data disks take: their tools, and the libraries of these. */
const DISK_PICKS: readonly GuestPick[] = [
  ...['e2fsck', 'mke2fs', 'resize2fs'].map((name) => ({ package: 'e2fsprogs', from: `usr/sbin/${name}` })),
  { package: 'e2fsprogs', from: 'etc/mke2fs.conf' },
  { package: 'libblkid1', from: 'usr/lib/*-linux-gnu/libblkid.so.1' },
  { package: 'libcom-err2', from: 'usr/lib/*-linux-gnu/libcom_err.so.2' },
  { package: 'libext2fs2t64', from: 'usr/lib/*-linux-gnu/libe2p.so.2' },
  { package: 'libext2fs2t64', from: 'usr/lib/*-linux-gnu/libext2fs.so.2' },
  { package: 'libuuid1', from: 'usr/lib/*-linux-gnu/libuuid.so.1' },
];

/** The same for the initramfs of a disk: busybox, and dmsetup with its libraries. */
function initramfsPicks(architecture: Architecture): readonly GuestPick[] {
  const verity: readonly GuestPick[] = [
    { package: 'dmsetup', from: 'usr/sbin/dmsetup' },
    { package: 'libc6', from: LOADER[architecture] },
    { package: 'libc6', from: 'usr/lib/*-linux-gnu/libc.so.6' },
    { package: 'libc6', from: 'usr/lib/*-linux-gnu/libm.so.6' },
    { package: 'libcap2', from: 'usr/lib/*-linux-gnu/libcap.so.2' },
    { package: 'libdevmapper1.02.1', from: 'usr/lib/*-linux-gnu/libdevmapper.so.1.02.1' },
    { package: 'libpcre2-8-0', from: 'usr/lib/*-linux-gnu/libpcre2-8.so.0' },
    { package: 'libselinux1', from: 'usr/lib/*-linux-gnu/libselinux.so.1' },
    { package: 'libudev1', from: 'usr/lib/*-linux-gnu/libudev.so.1' },
  ];
  return [
    { package: 'busybox-static', from: 'usr/bin/busybox' },
    ...verity.map((pick): GuestPick => ({ ...pick, for: 'verity' })),
  ];
}

/** Identity of the init: over its files, and over what it takes out of which package. */
export function guestDigest({ root, initramfs }: GuestParts): Digest {
  return sha256(canonicalJson([root, initramfs].map(partIdentity)));
}

function partIdentity({ files, picks }: GuestPart): Json {
  return {
    files: files.map(({ bytes, ...file }) => ({ ...file, ...(bytes ? { sha256: sha256(bytes) } : {}) })),
    picks: picks.map((pick) => ({ ...pick })),
  };
}

/** The init that is here, as locks name it. */
export async function currentGuest(architecture: Architecture): Promise<{ version: number; digest: Digest }> {
  return { version: GUEST_VERSION, digest: guestDigest(await readGuest(architecture)) };
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

/** All that the init is made of. */
export async function readGuest(architecture: Architecture): Promise<GuestParts> {
  return {
    root: { picks: rootPicks(architecture), files: await readFiles(ROOT) },
    initramfs: { picks: initramfsPicks(architecture), files: await readFiles(INITRAMFS) },
  };
}

/** Sorted by path; line ends are LF wherever they are read. */
async function readFiles({ scripts, links, directories }: Sources): Promise<GuestFile[]> {
  const files: GuestFile[] = [];
  for (const { path, mode, source } of scripts) {
    const text = await readFile(join(SCRIPTS, source), 'utf8');
    files.push({ path, mode, bytes: Buffer.from(text.replaceAll('\r\n', '\n')) });
  }
  for (const [path, link] of Object.entries(links)) files.push({ path, mode: 0o777, link });
  for (const [path, mode] of Object.entries(directories)) files.push({ path, mode, directory: true });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
