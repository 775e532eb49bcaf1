import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../model/digest.js';
import type { Progress } from '../../model/progress.js';
import { DriveError, drive } from '../rollout/drive.js';
import type { Clock } from '../rollout/engine.js';
import type { Rejection } from '../rollout/observed.js';
import type { Accelerator } from './accelerator.js';
import { CONSOLE_FILE } from './command-line.js';
import type { MachineOwner } from './create.js';
import { endMachine } from './end.js';
import { giveUpFleet, takeFleet } from './fleet-driver.js';
import { FleetEngine } from './fleet-engine.js';
import type { FleetRequest } from './fleet-request.js';
import { type MachineFile, machineFolder, readMachineFiles, writeMachineFile } from './machine-file.js';
import type { RunOptions } from './options.js';
import { sameOwner } from './port-check.js';
import { isAbandoned, isRunning, keepConsole, removeRemains, sweep } from './remains.js';
import { takeOver, turnsOf } from './take-over.js';

export type { FleetRequest, FleetVersion } from './fleet-request.js';

export interface FleetMachine {
  readonly id: string;
  readonly version: string;
  readonly image: Digest;
  readonly pid: number;
  readonly accelerator: Accelerator;
  readonly consoleFile: string;
}

export interface FleetResult {
  /** `interrupted`: it was cancelled, or this host cannot go on; the same again continues. */
  readonly outcome: 'done' | 'failed' | 'interrupted';
  /** What is to be said of it, where it is not done. */
  readonly reason?: string;
  readonly rejected: readonly Rejection[];
  /** What runs now, oldest first. */
  readonly machines: readonly FleetMachine[];
}

const HOST_CLOCK: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
};

/**
 * Makes a fleet what is wanted: machines behind the same published ports, which are replaced as the strategy says. What
 * earlier calls of the same owner have left is taken over, whatever became of them.
 */
export async function rollFleet(request: FleetRequest, options: RunOptions): Promise<FleetResult> {
  const { id, owner, wanted, previous, count, strategy } = request;
  const { signal, progress } = options;
  // Of machines and what they wait for, only warnings: the fleet says how far it is.
  const quiet: Progress = (event) => event.warning !== undefined && progress(event);
  const inner = { ...options, progress: quiet };
  let rejected = request.rejected;
  const result = async (outcome: FleetResult['outcome'], reason?: string): Promise<FleetResult> => {
    const machines = await readFleet(id, inner);
    return { outcome, rejected, machines, ...(reason === undefined ? {} : { reason }) };
  };
  try {
    const requireOurs = await takeFleet(id, { ...options, owner });
    await sweep(inner);
    await adopt(request, options);
    const engine = new FleetEngine(request, { ...inner, requireOurs });
    const target = { digest: wanted.version, count };
    const driven = await drive({ wanted: target, previous: previous?.version, strategy, rejected }, engine, {
      ...{ clock: HOST_CLOCK, signal, progress },
    });
    rejected = driven.rejected;
    return await result(driven.outcome, driven.reason);
  } catch (error) {
    if (error instanceof DriveError) rejected = error.rejected;
    return result('interrupted', error instanceof Error ? error.message : `${owner.urn}: ${error}`);
  }
}

/** The machines of a fleet that run, oldest first. What is left of others is removed, and forwarders are healed. */
export async function readFleet(id: string, options: RunOptions): Promise<FleetMachine[]> {
  const machines: FleetMachine[] = [];
  for (const machine of await machinesOf(id, options)) {
    if (machine.stage === 'starting') continue;
    if (!(await isRunning(machine))) {
      await keepConsole(machine.id, options);
      await removeRemains(machine, options);
      continue;
    }
    if ((await turnsOf(machine, options)) === 'unknown') await takeOver(machine, options).catch(() => {});
    machines.push(recordOf(machine, options));
  }
  return machines;
}

/** Ends all machines of a fleet, at the same time. One that is gone is no error. */
export async function deleteFleet(
  id: string,
  options: RunOptions & { readonly owner: MachineOwner; readonly drainSeconds: number },
): Promise<void> {
  await giveUpFleet(id, options);
  const machines = await machinesOf(id, options);
  options.progress({ step: `ending ${machines.length} machines` });
  const ends = machines.map(async (machine) => {
    if (machine.stage === 'starting' && !(await isAbandoned(machine))) return;
    await endMachine(machine, { ...options, progress: () => {} });
  });
  const failed = (await Promise.allSettled(ends)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** A fleet that is made again, or was never finished, is the same machines under another id. */
async function adopt({ id, owner }: FleetRequest, { stateDirectory }: RunOptions): Promise<void> {
  for (const machine of await readMachineFiles(stateDirectory)) {
    if (machine.fleet === undefined || machine.fleet.id === id || !sameOwner(machine.owner, owner)) continue;
    if (machine.stage === 'running') {
      await writeMachineFile(stateDirectory, { ...machine, fleet: { ...machine.fleet, id } });
    }
  }
}

async function machinesOf(id: string, { stateDirectory }: RunOptions): Promise<MachineFile[]> {
  return (await readMachineFiles(stateDirectory)).filter(({ fleet }) => fleet?.id === id);
}

function recordOf(machine: MachineFile, { stateDirectory }: RunOptions): FleetMachine {
  const { id, image, accelerator, process, fleet } = machine;
  const consoleFile = join(machineFolder(stateDirectory, id), CONSOLE_FILE);
  return { id, version: fleet?.version ?? '', image, pid: process?.pid ?? 0, accelerator, consoleFile };
}
