import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Platform } from '../../model/platform.js';
import { RunError } from '../error.js';

/** UEFI for machines: its code, and what it remembers at first. */
export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** Where distributions and QEMU itself put it, relative to `share`; the first that is there counts. */
const PLACES: Readonly<Record<Platform, readonly Firmware[]>> = {
  'linux/amd64': [
    { code: 'OVMF/OVMF_CODE_4M.fd', variables: 'OVMF/OVMF_VARS_4M.fd' },
    { code: 'edk2/x64/OVMF_CODE.4m.fd', variables: 'edk2/x64/OVMF_VARS.4m.fd' },
    { code: 'edk2/ovmf/OVMF_CODE.fd', variables: 'edk2/ovmf/OVMF_VARS.fd' },
    { code: 'OVMF/OVMF_CODE.fd', variables: 'OVMF/OVMF_VARS.fd' },
    { code: 'qemu/edk2-x86_64-code.fd', variables: 'qemu/edk2-i386-vars.fd' },
  ],
  'linux/arm64': [
    { code: 'AAVMF/AAVMF_CODE.fd', variables: 'AAVMF/AAVMF_VARS.fd' },
    { code: 'edk2/aarch64/QEMU_CODE.fd', variables: 'edk2/aarch64/QEMU_VARS.fd' },
    { code: 'qemu/edk2-aarch64-code.fd', variables: 'qemu/edk2-arm-vars.fd' },
  ],
};

const PACKAGES: Readonly<Record<Platform, string>> = {
  'linux/amd64': 'ovmf',
  'linux/arm64': 'qemu-efi-aarch64',
};

/**
 * The UEFI firmware of this host for a platform.
 * @param options.qemu the program, beside which its own copy may lie.
 * @throws {RunError} `no-firmware`, with what to install.
 */
export async function findFirmware(platform: Platform, { qemu }: { readonly qemu: string }): Promise<Firmware> {
  const shares = [
    ...new Set([join(dirname(dirname(qemu)), 'share'), '/usr/share', '/usr/local/share', '/opt/homebrew/share']),
  ];
  for (const place of PLACES[platform]) {
    for (const share of shares) {
      const found = { code: join(share, place.code), variables: join(share, place.variables) };
      if ((await isThere(found.code)) && (await isThere(found.variables))) return found;
    }
  }
  throw new RunError(
    'no-firmware',
    `Cannot start a ${platform} machine from a disk: there is no UEFI firmware for it on this host; install ` +
      `${PACKAGES[platform]} (Debian's name), or leave out firmware`,
    { context: { path: PLACES[platform][0]?.code ?? '' } },
  );
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
