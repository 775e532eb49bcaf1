import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, shortDigest } from '../../model/digest.js';
import type { MachineSpec } from '../../model/machine.js';
import type { Platform } from '../../model/platform.js';
import { type Probe, probePorts } from '../../model/probe.js';
import { aborted, RunError, requireWanted } from '../error.js';
import { chooseAccelerator } from './accelerator.js';
import { BootFailure, untilBooted } from './boot.js';
import { type BootSource, bootArguments, prepareFirmware } from './boot-source.js';
import { checkMachine } from './check.js';
import { CONSOLE_FILE, LOG_FILE, type MachinePlan, READY_FILE, secretFile, USER_DATA_FILE } from './command-line.js';
import { lastLinesOf } from './console-text.js';
import { type Firmware, findFirmware } from './firmware.js';
import type { PortOwner } from './forwarder-protocol.js';
import { type Launched, LaunchFailure, launch } from './launch.js';
import { freeLoopbackPort } from './loopback-port.js';
import { type MachineFile, machineFolder, newMachineId, type PublishedPort, writeMachineFile } from './machine-file.js';
import type { RunOptions } from './options.js';
import { endpointOf } from './port-check.js';
import { identityOf } from './process-identity.js';
import { requireQemu } from './program.js';
import { withQmp } from './qmp.js';
import { keepConsole, removeRemains, sweep } from './remains.js';
import { hostError, makePrivateFolder } from './state-file.js';
import { stopMachine } from './stop.js';
import { endStrays, siblingsOf } from './strays.js';
import { takeOver } from './take-over.js';

/** Somebody else may take a port between our asking for a free one and QEMU's taking it. */
const LAUNCH_TRIES = 5;
const SHOWN_CONSOLE_LINES = 20;

/** Urn and program folder: together they own the published ports, across all generations of the machine. */
export type MachineOwner = PortOwner;

export interface MachineRequest {
  readonly owner: MachineOwner;
  /** What the machine is booted from, by name. */
  readonly image: Digest;
  readonly boot: BootSource;
  readonly machine: MachineSpec;
  readonly platform: Platform;
  /** Whether the image's init says `ready`. Undefined: unknown; without a health check it is then given some time. */
  readonly saysReady?: boolean;
  /** The fleet that it is of: it shares the published ports with the others. */
  readonly fleet?: NonNullable<MachineFile['fleet']>;
  /**
   * Ids of all machines of this owner that somebody still knows: any other is ended, since an interrupted update has left
   * it. Undefined: nobody can tell, and none is ended.
   */
  readonly known?: readonly string[] | undefined;
  /** Asked before it counts as healthy, beside its health check. Their ports need not be published. */
  readonly probes?: readonly Probe[];
}

/** What is done with a machine that is healthy, before it counts as running. */
type Finish = (machine: MachineFile) => Promise<void>;

/**
 * Starts a machine that outlives this process, waits until it is healthy, and lets the published ports lead to it,
 * from whatever machine of the same owner they led to before; to a fleet's machine beside the fleet's others.
 * @throws {RunError}; then nothing is left of the machine but its console, and the ports lead where they did.
 */
export async function createMachine(request: MachineRequest, options: RunOptions): Promise<MachineFile> {
  const { owner, known, machine: wanted } = request;
  const { progress } = options;
  const strays = known && { ...options, known, drainSeconds: wanted.drainSeconds };
  // A disk can be in one machine only.
  if (strays && (wanted.disks ?? []).length > 0) await endStrays({ owner }, strays);
  const created = await bootMachine(request, options, async (machine) => {
    requireWanted(options.signal, 'publish its ports');
    if (machine.ports.length > 0) progress({ step: 'taking the published ports over' });
    await takeOver(machine, options);
    // From now on a guest that resets is to start again, as it would on any other hardware.
    const at = { folder: machineFolder(options.stateDirectory, machine.id), uuid: machine.uuid };
    await withQmp(at, (qmp) => qmp.execute('set-action', { reboot: 'reset' }));
  });
  // The new one runs and must be told of, whatever becomes of them.
  if (strays) {
    await endStrays(created, strays).catch((error: unknown) => progress({ step: 'started', warning: text(error) }));
  }
  return created;
}

/**
 * Starts a machine that outlives this process, waits until it is healthy, and finishes it.
 * @throws {RunError}, and what `finish` throws; then nothing is left of the machine but its console.
 */
export async function bootMachine(request: MachineRequest, options: RunOptions, finish: Finish): Promise<MachineFile> {
  const { signal, parts } = options;
  const { image, owner, platform } = request;
  const what = `start a machine from image ${shortDigest(image)}`;
  requireWanted(signal, what);
  await sweep(options);
  const qemu = await requireQemu(platform, parts);
  for (const { property, reason } of await checkMachine(request, options)) {
    const code = property.startsWith('ports') ? 'port-taken' : 'no-start';
    throw new RunError(code, `Cannot ${what}: ${reason}`, { context: { property } });
  }
  const accelerator = await chooseAccelerator({ qemu, platform }, options);
  const maker = await identityOf(process.pid);
  if (maker === undefined) throw new RunError('io', `Cannot ${what}: this process cannot tell its own start time`);
  const machine: MachineFile = {
    version: 1,
    id: newMachineId(),
    uuid: randomUUID(),
    stage: 'starting',
    maker,
    createdMs: request.fleet ? Date.now() : await newestMs(owner, options),
    owner: { urn: owner.urn, project: owner.project },
    image,
    platform,
    accelerator,
    ports: [],
    bootSeconds: {},
    ...(request.fleet ? { fleet: request.fleet } : {}),
  };
  try {
    return await start(machine, { qemu, request, options, finish });
  } catch (error) {
    throw await undo(machine, error, { what, options });
  }
}

/** Now, but after all others of the owner, however the clock was set since: the newest has the ports. */
async function newestMs(owner: MachineOwner, options: RunOptions): Promise<number> {
  const others = await siblingsOf({ owner }, options);
  return Math.max(Date.now(), ...others.map(({ createdMs }) => createdMs + 1));
}

async function start(
  machine: MachineFile,
  { qemu, request, options, finish }: { qemu: string; request: MachineRequest; options: RunOptions; finish: Finish },
): Promise<MachineFile> {
  const { stateDirectory, signal, progress } = options;
  const folder = machineFolder(stateDirectory, machine.id);
  const record = async (change: Partial<MachineFile>): Promise<void> => {
    Object.assign(machine, change);
    await writeMachineFile(stateDirectory, machine);
  };
  await makePrivateFolder(folder);
  const firmware = 'disk' in request.boot ? await findFirmware(machine.platform, { qemu }) : undefined;
  if (firmware !== undefined) await prepareFirmware(firmware, folder);
  const { userData, secrets = {} } = request.machine;
  for (const [name, value] of Object.entries(secrets)) {
    await writeFile(join(folder, secretFile(name)), value, { mode: 0o600 });
  }
  if (userData !== undefined) await writeFile(join(folder, USER_DATA_FILE), userData, { mode: 0o600 });

  options.began?.({ id: machine.id, consoleFile: join(folder, CONSOLE_FILE) });
  progress({ step: `starting ${machine.id} (${machine.accelerator})` });
  const startMs = performance.now();
  const seconds = (): number => Math.round(performance.now() - startMs) / 1000;
  const { ended, reached } = await launchWithPorts(machine, { qemu, request, options, record, firmware });
  const started = seconds();

  const phases = await untilBooted({
    ...{ folder, uuid: machine.uuid, machine: request.machine, ports: reached, ended, signal, progress },
    emulated: machine.accelerator === 'tcg',
    saysReady: request.saysReady,
    ...(request.probes ? { probes: request.probes } : {}),
    ...(options.parts?.isLate ? { isLate: options.parts.isLate } : {}),
  });
  const healthy = seconds();

  await finish(machine);
  const guest = Object.entries(phases).map(([name, end]) => [`guest.${name}`, end]);
  await record({ stage: 'running', bootSeconds: { started, healthy, ...Object.fromEntries(guest) } });
  return machine;
}

/** Starts QEMU with free loopback ports for the published ones, and without what this QEMU cannot do. */
async function launchWithPorts(
  machine: MachineFile,
  {
    qemu,
    request,
    options,
    record,
    firmware,
  }: {
    qemu: string;
    firmware: Firmware | undefined;
    request: MachineRequest;
    options: RunOptions;
    record: (change: Partial<MachineFile>) => Promise<void>;
  },
): Promise<Launched & { readonly reached: readonly PublishedPort[] }> {
  const folder = machineFolder(options.stateDirectory, machine.id);
  let sandbox = process.platform === 'linux';
  for (let attempt = 1; ; attempt++) {
    const inner = new Map<number, number>();
    const published = request.machine.ports.map(({ guest }) => guest);
    const asked = probePorts(request.probes ?? []).filter((guest) => !published.includes(guest));
    for (const guest of [...published, ...asked]) {
      if (!inner.has(guest)) inner.set(guest, await freeLoopbackPort());
    }
    const ports = request.machine.ports.map((mapping) => {
      const { address, port: host } = endpointOf(mapping);
      return { address, host, guest: mapping.guest, private: inner.get(mapping.guest) ?? 0 };
    });
    const commands = (request.probes ?? []).some(({ command }) => command !== undefined);
    // Before there is a process, so that one that nobody knows cannot be.
    await record({ ports });
    const plan: MachinePlan = {
      ...{ id: machine.id, uuid: machine.uuid, platform: machine.platform, accelerator: machine.accelerator },
      machine: request.machine,
      boot: options.parts?.boot ?? bootArguments(request.boot, { ...machine, firmware, commands }),
      commands,
      forwards: [...inner].map(([guest, port]) => ({ guest, private: port })),
      sandbox,
    };
    try {
      const found = (process: MachineFile['process']) => record({ process });
      const launched = await launch(qemu, plan, { folder, signal: options.signal, found });
      const unpublished = asked.map((guest) => ({
        ...{ address: '127.0.0.1', host: guest, guest },
        private: inner.get(guest) ?? 0,
      }));
      return { ...launched, reached: [...ports, ...unpublished] };
    } catch (error) {
      const again = error instanceof LaunchFailure && attempt < LAUNCH_TRIES;
      if (!again || !(error.portTaken || (sandbox && error.noSandbox))) throw error;
      if (error.noSandbox) sandbox = false;
      for (const file of [CONSOLE_FILE, READY_FILE]) await rm(join(folder, file), { force: true });
    }
  }
}

/** Ends and removes what there is of a machine that failed. @returns what to throw. */
async function undo(
  machine: MachineFile,
  error: unknown,
  { what, options }: { what: string; options: RunOptions },
): Promise<unknown> {
  const { stateDirectory, parts, signal } = options;
  const folder = machineFolder(stateDirectory, machine.id);
  const failed = error instanceof BootFailure;
  const lines = failed ? await lastLinesOf(join(folder, CONSOLE_FILE), SHOWN_CONSOLE_LINES) : [];
  const ownWords = failed ? await lastLinesOf(join(folder, LOG_FILE), 5) : [];
  try {
    await stopMachine(machine, { stateDirectory, ...(parts ? { parts } : {}), politely: false });
    // On a full disk there may be no place for it.
    const console = failed ? await keepConsole(machine.id, options).catch(() => undefined) : undefined;
    await removeRemains(machine, options);
    if (signal.aborted) return aborted(what, signal);
    if (error instanceof BootFailure) return bootError(error, { what, lines, ownWords, console });
    if (error instanceof LaunchFailure && error.diskBusy) {
      const why = 'another machine has one of its disks; a disk can only be in one machine, so end that one first';
      return new RunError('disk-busy', `Cannot ${what}: ${why}`, { cause: error });
    }
    if (error instanceof LaunchFailure) {
      return new RunError('no-start', `Cannot ${what}: QEMU refuses: ${error.message}`, { cause: error });
    }
    return hostError(error, what);
  } catch (second) {
    return new AggregateError(
      [error, second],
      `${text(error)}; and what was begun could not be undone: ${text(second)}`,
    );
  }
}

function bootError(
  failure: BootFailure,
  {
    what,
    lines,
    ownWords,
    console,
  }: { what: string; lines: string[]; ownWords: string[]; console: string | undefined },
): RunError {
  const end = lines.length === 0 ? 'is empty' : endsWith(lines);
  const where = console === undefined ? 'it wrote nothing to its console' : `its console (${console}) ${end}`;
  const printed = failure.printed.map((one) => `what ${one.by} printed ${endsWith(one.lines)}\n`).join('');
  const qemu = ownWords.length === 0 ? '' : `\nQEMU says: ${ownWords.join('\n')}`;
  return new RunError(failure.code, `Cannot ${what}: ${failure.message}; ${printed}${where}${qemu}`, {
    cause: failure,
    ...(console === undefined ? {} : { context: { path: console } }),
  });
}

function endsWith(lines: readonly string[]): string {
  return `ends with:\n${lines.map((line) => `  | ${line}`).join('\n')}`;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
