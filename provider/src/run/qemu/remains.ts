import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CONSOLE_FILE } from './command-line.js';
import { type MachineFile, machineFolder, machineIds, readMachineFile, readMachineFiles } from './machine-file.js';
import type { RunOptions } from './options.js';
import { isAlive } from './process-identity.js';
import { makePrivateFolder } from './state-file.js';
import { stopMachine } from './stop.js';
import { withdraw } from './take-over.js';

const KEPT_CONSOLES = 20;
/** A folder without a record is one that is just being made, unless it is as old as this. */
const FORSAKEN_MS = 3_600_000;

type Where = Pick<RunOptions, 'stateDirectory' | 'parts'>;

/** Removes what is left of a machine whose process has ended: its forwarder entries and its folder. */
export async function removeRemains(machine: MachineFile, where: Where): Promise<void> {
  await withdraw(machine, where);
  // Somebody else may be ending it, too, and write down what it finds.
  await rm(machineFolder(where.stateDirectory, machine.id), { recursive: true, force: true, maxRetries: 10 });
}

/**
 * Moves the console of a machine that failed out of its folder, and drops the oldest of those kept.
 * @returns where it is now; undefined if there was none.
 */
export async function keepConsole(id: string, { stateDirectory }: Where): Promise<string | undefined> {
  const folder = join(stateDirectory, 'failed');
  const kept = join(folder, `${id}.log`);
  await makePrivateFolder(folder);
  const moved = await rename(join(machineFolder(stateDirectory, id), CONSOLE_FILE), kept).then(
    () => true,
    () => false,
  );
  const files: { path: string; ms: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const ms = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (path !== kept) files.push({ path, ms });
  }
  files.sort((a, b) => b.ms - a.ms);
  for (const { path } of files.slice(KEPT_CONSOLES - 1)) await rm(path, { force: true });
  return moved ? kept : undefined;
}

/** Whether nobody will ever use that machine: whoever was starting it is gone. */
export async function isAbandoned(machine: MachineFile): Promise<boolean> {
  return machine.stage === 'starting' && !(await isAlive(machine.maker));
}

export async function isRunning(machine: MachineFile): Promise<boolean> {
  return machine.process !== undefined && (await isAlive(machine.process));
}

/** Clears away what killed processes left: machines that nobody will use, and records of machines that are dead. */
export async function sweep(where: Where): Promise<void> {
  for (const machine of await readMachineFiles(where.stateDirectory)) {
    if (await isAbandoned(machine)) {
      await stopMachine(machine, { ...where, politely: false });
      await removeRemains(machine, where);
    } else if (machine.stage === 'running' && !(await isRunning(machine))) {
      await keepConsole(machine.id, where);
      await removeRemains(machine, where);
    }
  }
  for (const id of await machineIds(where.stateDirectory)) {
    const folder = machineFolder(where.stateDirectory, id);
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age < FORSAKEN_MS) continue;
    const machine = await readMachineFile(where.stateDirectory, id).catch(() => 'unreadable');
    if (machine === undefined) await rm(folder, { recursive: true, force: true });
  }
}
