import type { Container, Lock } from '../model/index.js';
import { grantedCapabilities } from './capabilities.js';
import { addedMounts } from './mounts.js';

/** Locks of earlier recipes have the bytes that they had: their containers get what the spec says, and no more. */
const FIRST_RECIPE = 2;

/** What of /proc and /sys tells of the machine, or reaches into it, and of which a service needs nothing. */
const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
/** Settings of the whole machine, which root of a container could change without any capability. */
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** Whether the machine of a lock has hardened containers. Who brings an init decides that with it. */
export function hardensContainers({ guest, recipe }: Pick<Lock, 'guest' | 'recipe'>): boolean {
  return guest !== null && recipe >= FIRST_RECIPE;
}

/**
 * A container with what it may not do, where the spec and its image do not say that: gain privileges, see or change
 * settings of the machine in /proc and /sys. What is mounted there in place of what each container has stays as it is,
 * and CAP_SYS_ADMIN, which could undo it, has the settings.
 * @param property Where the container stands in the spec, for errors.
 */
export function hardened(container: Container, property: string): Container {
  const noNewPrivileges = container.noNewPrivileges ?? true;
  if (grantedCapabilities(container, property).has('CAP_SYS_ADMIN')) return { ...container, noNewPrivileges };
  const own = addedMounts(container, property).map(({ destination }) => destination.replace(/\/+$/, ''));
  const isOwn = (path: string): boolean => own.some((place) => isWithin(path, place) || isWithin(place, path));
  const sys = { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] };
  const keepsSys = container.readonlyPaths !== undefined || own.includes('/sys');
  return {
    ...container,
    noNewPrivileges,
    mounts: [...(keepsSys ? [] : [sys]), ...(container.mounts ?? [])],
    maskedPaths: container.maskedPaths ?? MASKED_PATHS.filter((path) => !isOwn(path)),
    readonlyPaths: container.readonlyPaths ?? READONLY_PATHS.filter((path) => !isOwn(path)),
  };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
