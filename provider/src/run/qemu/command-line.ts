import { COMMANDS_WORD } from '../../model/boot.js';
import type { MachineSpec } from '../../model/machine.js';
import { architectureOf, type Platform } from '../../model/platform.js';
import { type Accelerator, cpuModel } from './accelerator.js';
import { driveArguments } from './boot-source.js';

/** Names relative to the machine's folder, which is QEMU's working directory: a unix socket's path must be short. */
export const CONSOLE_FILE = 'console.log';
export const READY_FILE = 'ready.log';
export const QMP_SOCKET = 'qmp.sock';
export const COMMANDS_SOCKET = 'commands.sock';
export const USER_DATA_FILE = 'user-data';
/** Where the machine finds it (QEMU, docs/specs/fw_cfg: names of users begin with `opt/`). */
const USER_DATA_NAME = 'opt/ingot/user-data';
const SECRET_NAME = 'opt/ingot/secrets/';

/** A file, since everyone on the host may look at the arguments of a process. */
export function secretFile(name: string): string {
  return `secret-${name}`;
}

/** What QEMU itself has to say. */
export const LOG_FILE = 'qemu.log';

export interface MachinePlan {
  readonly id: string;
  readonly uuid: string;
  readonly platform: Platform;
  readonly accelerator: Accelerator;
  readonly machine: Pick<MachineSpec, 'memoryMiB' | 'cpus' | 'disks' | 'userData' | 'secrets'>;
  /** What to boot, as QEMU arguments. */
  readonly boot: readonly string[];
  /** Ports of the loopback address, and the ports in the machine that they lead to. */
  readonly forwards: readonly { readonly private: number; readonly guest: number }[];
  /** Whether the machine gets the port through which it runs commands. */
  readonly commands?: boolean;
  /** Whether this QEMU can give up system calls that it does not need. */
  readonly sandbox: boolean;
}

/**
 * Without what costs a boot time (legacy timers and ports, system management mode, a disk controller without disks, network boot ROM), and without
 * anything that QEMU would add by itself or read from the user's configuration.
 */
const MACHINE: Readonly<Record<Platform, string>> = {
  'linux/amd64': 'q35,hpet=off,vmport=off,smm=off,sata=off',
  'linux/arm64': 'virt,gic-version=max',
};

/** All arguments of the machine's QEMU. */
export function qemuArguments(plan: MachinePlan): string[] {
  const { disks = [], userData, secrets = {} } = plan.machine;
  const forwards = plan.forwards.map((port) => `,hostfwd=tcp:127.0.0.1:${port.private}-:${port.guest}`);
  return [
    ...['-name', plan.id, '-uuid', plan.uuid],
    ...['-no-user-config', '-nodefaults', '-display', 'none'],
    ...['-accel', plan.accelerator, '-cpu', cpuModel(plan.accelerator, architectureOf(plan.platform))],
    ...['-M', MACHINE[plan.platform]],
    ...['-m', `${plan.machine.memoryMiB}M`, '-smp', String(plan.machine.cpus)],
    ...plan.boot,
    ...disks.flatMap((disk, index) => driveArguments({ id: `disk${index}`, ...disk, format: 'raw', readOnly: false })),
    ...(userData === undefined ? [] : ['-fw_cfg', `name=${USER_DATA_NAME},file=${USER_DATA_FILE}`]),
    ...Object.keys(secrets).flatMap((name) => ['-fw_cfg', `name=${SECRET_NAME}${name},file=${secretFile(name)}`]),
    // While it starts a machine that resets has failed; once it is healthy this is taken back.
    '-no-reboot',
    ...['-netdev', `user,id=net0${forwards.join('')}`, '-device', 'virtio-net-pci,netdev=net0,romfile='],
    ...['-device', 'virtio-rng-pci'],
    ...['-chardev', `file,id=console,path=${CONSOLE_FILE},append=on`, '-serial', 'chardev:console'],
    ...['-chardev', `file,id=ready,path=${READY_FILE},append=on`],
    ...['-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=ready,name=ready'],
    ...(plan.commands
      ? [
          ...['-chardev', `socket,id=commands,path=${COMMANDS_SOCKET},server=on,wait=off`],
          ...['-device', `virtserialport,chardev=commands,name=${COMMANDS_WORD}`],
        ]
      : []),
    ...['-chardev', `socket,id=qmp,path=${QMP_SOCKET},server=on,wait=off`, '-mon', 'chardev=qmp,mode=control'],
    ...(plan.sandbox ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'] : []),
  ];
}
