import { type BootFiles, GuestMachine } from '../boot/guest-machine.js';

/** Seconds after the kernel's start at which each phase ended; the last is `services`, when the machine is ready. */
export type Phases = Readonly<Record<string, number>> & {
  readonly kernel: number;
  readonly onboot: number;
  readonly services: number;
};

export interface GuestBoot {
  readonly phases: Phases;
  /** From the power button until QEMU has ended, by the host's clock. */
  readonly offSeconds: number;
}

/** What is measured on a busy machine is to be slow, not a failure. */
const PATIENCE = { append: 'ingot.failAfter=600' };
const LIMIT_SECONDS = 60;

/** Boots with one processor under emulation until it is ready, and turns the machine off. */
export async function bootOnce(image: BootFiles): Promise<GuestBoot> {
  await using machine = await GuestMachine.start(image, PATIENCE);
  const phases = await phasesOf(machine);
  const start = performance.now();
  await machine.pressPowerButton();
  await machine.end();
  return { phases, offSeconds: (performance.now() - start) / 1000 };
}

/**
 * Seconds from the kernel's words that it starts /init to the end of the phase `kernel`, which belong to the guest. The
 * kernel's log has a clock of its own: a line that is put there at a known time tells how far the two are apart.
 */
export async function secondsToFirstMark(image: BootFiles): Promise<number> {
  await using machine = await GuestMachine.start(image, { ...PATIENCE, commands: true });
  const { kernel } = await phasesOf(machine);
  const commands = machine.commands(AbortSignal.timeout(2 * LIMIT_SECONDS * 1000));
  const text = 'read -r now _ </proc/uptime; echo "now $now" >/dev/kmsg; dmesg | grep -e "Run /init" -e "now "';
  const outcome = await commands.run({ run: ['sh', '-c', text], limitSeconds: LIMIT_SECONDS });
  const log = outcome?.kind === 'exited' ? outcome.output.toString() : '';
  const found = /\[ *([0-9.]+)\] Run \/init as init process[\s\S]*\[ *([0-9.]+)\] now ([0-9.]+)/.exec(log);
  if (found === null) throw new Error(`the kernel does not say when it has started /init:\n${log}`);
  const [started = 0, logged = 0, now = 0] = found.slice(1).map(Number);
  return kernel - (started + now - logged);
}

async function phasesOf(machine: GuestMachine): Promise<Phases> {
  const { ingot, phases } = await machine.report();
  const { kernel, onboot, services } = phases ?? {};
  if (ingot !== 'ready' || kernel === undefined || onboot === undefined || services === undefined) {
    throw new Error(`the machine is not ready:\n${await machine.console()}`);
  }
  return { ...phases, kernel, onboot, services };
}
