import { setTimeout as sleep } from 'node:timers/promises';
import { aborted, RunError } from '../error.js';
import { type MachineFile, machineFolder } from './machine-file.js';
import type { RunOptions } from './options.js';
import { isAlive, signalProcess } from './process-identity.js';
import { withQmp } from './qmp.js';

/** A guest gives its services some 20 seconds to end; one that does not know the power button is lost on it. */
const POWER_DOWN_SECONDS = 25;
const POWER_DOWN_EMULATED_SECONDS = 45;
/** A guest that has just started does not hear the button yet. */
const PRESS_AGAIN_SECONDS = 5;
const QUIT_SECONDS = 3;
const SIGTERM_SECONDS = 3;
const SIGKILL_SECONDS = 15;
const LOOK_AGAIN_MS = 25;

export interface StopOptions extends Pick<RunOptions, 'stateDirectory' | 'parts'> {
  /** Aborted while the guest shuts down: the machine is left running. Undefined: stopped whatever happens. */
  readonly signal?: AbortSignal;
  /** Whether to let the guest end by itself first. */
  readonly politely: boolean;
}

/**
 * Ends a machine's QEMU: by the power button, then by its own command, then by signals; each only if what was tried
 * before has not helped, and only if it provably is that machine.
 * @throws {RunError} `no-stop`, `aborted`.
 */
export async function stopMachine(machine: MachineFile, options: StopOptions): Promise<void> {
  const { stateDirectory, signal, politely } = options;
  const patience = options.parts?.patience ?? 1;
  const { id, uuid, process } = machine;
  const at = { folder: machineFolder(stateDirectory, id), uuid };
  if (process === undefined) {
    // Whoever started it was killed before it could write down which process that is.
    await withQmp(at, (qmp) => qmp.execute('quit'));
    return;
  }
  const ended = async (seconds: number, wanted?: AbortSignal): Promise<boolean> => {
    const deadlineMs = performance.now() + seconds * patience * 1000;
    while (await isAlive(process)) {
      if (wanted?.aborted || performance.now() > deadlineMs) return false;
      await sleep(LOOK_AGAIN_MS);
    }
    return true;
  };
  if (await ended(0)) return;

  let answers = true;
  if (politely) {
    const seconds = machine.accelerator === 'tcg' ? POWER_DOWN_EMULATED_SECONDS : POWER_DOWN_SECONDS;
    for (let pressed = 0; pressed < seconds; pressed += PRESS_AGAIN_SECONDS) {
      if (signal?.aborted) throw aborted(`stop machine ${id}`, signal);
      const heard = await withQmp(at, (qmp) => qmp.execute('system_powerdown').then(() => true));
      answers = heard === true;
      if (!answers || (await ended(PRESS_AGAIN_SECONDS, signal))) break;
    }
  }
  if (answers) await withQmp(at, (qmp) => qmp.execute('quit'));
  if (await ended(answers ? QUIT_SECONDS : 0)) return;
  await signalProcess(process, 'SIGTERM');
  if (await ended(SIGTERM_SECONDS)) return;
  await signalProcess(process, 'SIGKILL');
  if (await ended(SIGKILL_SECONDS / patience)) return;
  throw new RunError(
    'no-stop',
    `Cannot stop machine ${id}: process ${process.pid} does not end, not even when killed; the host may hang on a disk`,
  );
}
