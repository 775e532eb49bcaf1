import type { Probe } from '../../model/probe.js';
import type { Accelerator } from './accelerator.js';
import { bootMachine, type MachineRequest } from './create.js';
import type { RunOptions } from './options.js';
import { removeRemains } from './remains.js';
import { stopMachine } from './stop.js';
import { Turns } from './turns.js';

export interface BootTestRequest extends Omit<MachineRequest, 'machine' | 'probes'> {
  readonly memoryMiB: number;
  readonly cpus: number;
  /** All must pass. None: the image itself has to say that it is ready, or, where it never does, to go on running. */
  readonly probes: readonly Probe[];
  /** From start to the last probe, on real hardware; four times as long under emulation. */
  readonly timeoutSeconds: number;
}

/** A boot that went well. */
export interface BootTestRecord {
  readonly accelerator: Accelerator;
  /** Seconds after QEMU's start: `started`, `healthy`; and after the guest's own start: `guest.<phase>`. */
  readonly bootSeconds: Readonly<Record<string, number>>;
}

const turns = new Turns();

/**
 * Boots an image once, asks it all probes, and ends it; nothing of it is left. As many run at once as fit this host.
 * @throws {RunError} with what is wrong, and its last words on the console, which is kept.
 */
export async function testBoot(request: BootTestRequest, options: RunOptions): Promise<BootTestRecord> {
  const { memoryMiB, cpus, probes, timeoutSeconds, ...rest } = request;
  const { signal, progress } = options;
  // An init that can say that it is ready must, whatever else is asked.
  const asked: Probe[] = rest.saysReady === true ? [...probes, { ready: true }] : [...probes];
  const machine = { memoryMiB, cpus, ports: [], drainSeconds: 0, health: { timeoutSeconds } };
  progress({ step: 'waiting for its turn to boot' });
  return turns.run({ memoryMiB, cpus }, signal, async () => {
    const booted = await bootMachine({ ...rest, machine, probes: asked }, options, async () => {});
    progress({ step: 'shutting down' });
    await stopMachine(booted, { ...options, politely: false });
    await removeRemains(booted, options);
    const { accelerator, bootSeconds } = booted;
    return { accelerator, bootSeconds };
  });
}
