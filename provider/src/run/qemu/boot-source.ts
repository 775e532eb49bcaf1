import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS_WORD, PATIENCE_WORD } from '../../model/boot.js';
import type { Platform } from '../../model/platform.js';
import { type Accelerator, EMULATION_FACTOR } from './accelerator.js';
import type { Firmware } from './firmware.js';

/** What a machine is booted from. Paths are absolute; nothing is written to any of them. */
export type BootSource = KernelBoot | DiskBoot;

/** QEMU itself loads the kernel. */
export interface KernelBoot {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
  /** A root beside it: a raw disk that the machine finds by its serial number. */
  readonly root?: { readonly path: string; readonly serial: string };
}

/** The machine's own firmware starts what is on a disk. */
export interface DiskBoot {
  readonly disk: { readonly path: string; readonly format: DiskFormat };
}

export type DiskFormat = 'raw' | 'qcow2' | 'iso';

/** Of UEFI, what it remembers: each machine has its own, in its folder. */
export const VARIABLES_FILE = 'uefi-variables.fd';

/**
 * An emulated timer on a busy host is late, and Linux then takes it for broken and hangs (arch/x86/kernel/apic/io_apic.c,
 * check_timer). Under KVM Linux leaves this check out by itself.
 */
const LATE_TIMER = 'no_timer_check';

/** What the kernel and the guest are told of a processor that is emulated: its boot may take as long as we wait for it. */
function emulated({ accelerator, platform }: Host): string[] {
  if (accelerator !== 'tcg') return [];
  return [...(platform === 'linux/amd64' ? [LATE_TIMER] : []), `${PATIENCE_WORD}${EMULATION_FACTOR}`];
}

interface Host {
  readonly platform: Platform;
  readonly accelerator: Accelerator;
  /** Wanted for a boot from a disk. */
  readonly firmware?: Firmware | undefined;
  /** Whether the guest is to run commands of a test. */
  readonly commands?: boolean;
}

/** QEMU arguments that say what to boot. */
export function bootArguments(source: BootSource, host: Host): string[] {
  return 'kernel' in source ? kernelArguments(source, host) : diskArguments(source, host);
}

function kernelArguments({ kernel, initrd, commandLine, root }: KernelBoot, host: Host): string[] {
  const words = [
    // The image has the last word.
    ...emulated(host),
    commandLine,
    ...(host.commands ? [COMMANDS_WORD] : []),
  ].join(' ');
  return [
    ...['-kernel', kernel, '-initrd', initrd, '-append', words],
    ...(root ? driveArguments({ id: 'root', ...root, format: 'raw', readOnly: true }) : []),
  ];
}

function diskArguments({ disk: { path, format } }: DiskBoot, host: Host): string[] {
  const { firmware, commands = false } = host;
  if (commands) throw new TypeError('a disk has its own kernel command line, and runs no commands');
  if (firmware === undefined) throw new TypeError('a boot from a disk needs firmware');
  const words = emulated(host).join(' ');
  const code = `if=pflash,unit=0,format=raw,readonly=on,file=${escaped(firmware.code)}`;
  const boot =
    format === 'iso'
      ? [
          '-drive',
          `if=none,id=boot,format=raw,readonly=on,media=cdrom,file=${escaped(path)}`,
          '-device',
          'virtio-scsi-pci',
          '-device',
          'scsi-cd,drive=boot,bootindex=0',
        ]
      : driveArguments({ id: 'boot', path, format, readOnly: true, first: true });
  return [
    ...['-drive', code, '-drive', `if=pflash,unit=1,format=raw,file=${VARIABLES_FILE}`, ...boot],
    // systemd-stub(7): it takes this where Secure Boot is off, and measures it into PCR 12.
    ...(words === '' ? [] : ['-smbios', `type=11,value=io.systemd.stub.kernel-cmdline-extra=${words}`]),
  ];
}

export interface Drive {
  readonly id: string;
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
  readonly readOnly: boolean;
  readonly serial?: string;
  /** Whether firmware starts it before all others. */
  readonly first?: boolean;
}

/** A virtio disk. */
export function driveArguments({ id, path, format, readOnly, serial, first }: Drive): string[] {
  const access = readOnly ? 'readonly=on' : 'discard=unmap,detect-zeroes=unmap';
  const more = `${serial === undefined ? '' : `,serial=${serial}`}${first ? ',bootindex=0' : ''}`;
  return [
    ...['-drive', `if=none,id=${id},format=${format},${access},file=${escaped(path)}`],
    ...['-device', `virtio-blk-pci,drive=${id}${more}`],
  ];
}

/** A comma ends a value, unless it is doubled (QEMU, qemu-options, "-drive"). */
export function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}

/** Puts what the firmware writes to into the machine's folder. */
export async function prepareFirmware(firmware: Firmware, folder: string): Promise<void> {
  await copyFile(firmware.variables, join(folder, VARIABLES_FILE));
}
