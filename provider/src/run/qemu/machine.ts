/**
 * Virtual machines on this host, which outlive the process that made them. Each has a folder in the state directory:
 * its record, its console, QEMU's control socket. Each published port is held by a forwarder, a small process that
 * outlives the machines behind it.
 */
import { join } from 'node:path';
import type { Digest } from '../../model/digest.js';
import type { Accelerator } from './accelerator.js';
import { CONSOLE_FILE } from './command-line.js';
import { createMachine as create, type MachineRequest } from './create.js';
import { endMachine } from './end.js';
import { type MachineFile, machineFolder, readMachineFile, readMachineFiles } from './machine-file.js';
import type { RunOptions } from './options.js';
import { isAbandoned, isRunning, keepConsole, removeRemains } from './remains.js';
import { stopMachine } from './stop.js';
import { endStrays, siblingsOf } from './strays.js';
import { isPublished, takeOver } from './take-over.js';

export { RunError } from '../error.js';
export type { BootSource, DiskBoot, DiskFormat, KernelBoot } from './boot-source.js';
export { type BootTestRecord, type BootTestRequest, testBoot } from './boot-test.js';
export { checkMachine, findQemuProblem } from './check.js';
export type { MachineOwner, MachineRequest } from './create.js';
export {
  deleteFleet,
  type FleetMachine,
  type FleetRequest,
  type FleetResult,
  type FleetVersion,
  readFleet,
  rollFleet,
} from './fleet.js';
export { hostMemoryMiB } from './host-memory.js';
export type { RunOptions } from './options.js';
export type { Problem } from './port-check.js';

/** A machine that runs. */
export interface MachineRecord {
  readonly id: string;
  readonly image: Digest;
  readonly pid: number;
  readonly accelerator: Accelerator;
  readonly consoleFile: string;
  /** The published ports that lead to it, or did until a newer machine of the same owner took them over. */
  readonly ports: readonly { readonly host: number; readonly guest: number; readonly address: string }[];
  /**
   * Seconds after QEMU's start: `started` (the guest runs), `healthy`; and seconds after the guest's own start, where
   * it said so before it was healthy: `guest.<phase>`.
   */
  readonly bootSeconds: Readonly<Record<string, number>>;
}

/**
 * Starts a machine, waits until it is healthy, and lets the published ports lead to it.
 * @throws {RunError} with its last words on the console; then nothing of it is left, and the ports are as before.
 */
export async function createMachine(request: MachineRequest, options: RunOptions): Promise<MachineRecord> {
  return recordOf(await create(request, options), options);
}

/**
 * The machine of that id; undefined if it is gone, and then what was left of it is removed. If its forwarder was
 * killed another is started; where that cannot be, `ports` is empty.
 */
export async function readMachine(id: string, options: RunOptions): Promise<MachineRecord | undefined> {
  const { stateDirectory } = options;
  const machine = await readMachineFile(stateDirectory, id);
  if (machine === undefined) return undefined;
  if (await isAbandoned(machine)) {
    await stopMachine(machine, { ...options, politely: false });
    await removeRemains(machine, options);
    return undefined;
  }
  // Somebody is just starting it, and has told nobody of it yet.
  if (machine.stage === 'starting') return undefined;
  if (!(await isRunning(machine))) {
    await keepConsole(id, options);
    await removeRemains(machine, options);
    return undefined;
  }
  const published =
    machine.fleet !== undefined || (await isSucceeded(machine, options)) || (await publishAgain(machine, options));
  const record = recordOf(machine, options);
  return published ? record : { ...record, ports: [] };
}

/** All machines that run, oldest first; nothing is healed or removed. */
export async function listMachines(options: RunOptions): Promise<MachineRecord[]> {
  const records: MachineRecord[] = [];
  for (const machine of await readMachineFiles(options.stateDirectory)) {
    if (machine.stage === 'running' && (await isRunning(machine))) records.push(recordOf(machine, options));
  }
  return records;
}

export interface DeleteOptions extends RunOptions {
  readonly drainSeconds?: number;
  /** Ids of the same owner's machines that somebody still knows. Undefined: the newest, whichever that is. */
  readonly known?: readonly string[] | undefined;
}

/**
 * Ends a machine: waits until it serves no connection any more, shuts it down, and removes everything of it; and with
 * it what interrupted updates have left of its owner's machines. One that is gone is no error.
 * @throws {RunError} `aborted`: it still runs, and can be deleted again.
 */
export async function deleteMachine(id: string, options: DeleteOptions): Promise<void> {
  const { stateDirectory, drainSeconds = 0 } = options;
  const machine = await readMachineFile(stateDirectory, id);
  if (machine === undefined) return;
  await endMachine(machine, { ...options, drainSeconds });

  const known = options.known ?? (await siblingsOf(machine, options)).slice(-1).map((newest) => newest.id);
  await endStrays(machine, { ...options, known, drainSeconds: 0 });
}

/** Whether a newer machine of the same owner runs: then the ports are not this one's any more. */
async function isSucceeded(machine: MachineFile, options: RunOptions): Promise<boolean> {
  for (const other of await siblingsOf(machine, options)) {
    if (other.stage === 'running' && other.createdMs > machine.createdMs && (await isRunning(other))) return true;
  }
  return false;
}

async function publishAgain(machine: MachineFile, options: RunOptions): Promise<boolean> {
  if (await isPublished(machine, options)) return true;
  return takeOver(machine, options).then(
    () => true,
    () => false,
  );
}

function recordOf(machine: MachineFile, { stateDirectory }: RunOptions): MachineRecord {
  const { id, image, accelerator, process, ports, bootSeconds } = machine;
  return {
    id,
    image,
    pid: process?.pid ?? 0,
    accelerator,
    consoleFile: join(machineFolder(stateDirectory, id), CONSOLE_FILE),
    ports: ports.map(({ host, guest, address }) => ({ host, guest, address })),
    bootSeconds,
  };
}
