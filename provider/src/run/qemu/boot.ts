import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineSpec } from '../../model/machine.js';
import { type Probe, probeText } from '../../model/probe.js';
import type { Progress } from '../../model/progress.js';
import type { RunErrorCode } from '../error.js';
import { EMULATION_FACTOR } from './accelerator.js';
import { CommandChannel } from './command-channel.js';
import { CONSOLE_FILE, READY_FILE } from './command-line.js';
import { type CommandFault, untilCommandGood } from './command-probe.js';
import { consoleHas } from './console-text.js';
import { endpointText } from './endpoint.js';
import { GuestEar, type GuestWord } from './guest-words.js';
import { type Attempt, httpAttempt, isEstablished, tcpAttempt, untilHealthy } from './health.js';
import type { PublishedPort } from './machine-file.js';
import type { RunParts } from './options.js';
import { withQmp } from './qmp.js';

const DEFAULT_TIMEOUT_SECONDS = 60;
/** An image that says nothing about itself, and has no health check, only has to go on running for this long. */
const SILENT_SECONDS = 10;
const LISTEN_MS = 100;

/** What is wrong with a machine that did not start: the end of a sentence about it. */
export class BootFailure extends Error {
  constructor(
    readonly code: RunErrorCode,
    message: string,
    /** The last lines that commands in the machine printed, each block to be shown after the sentence. */
    readonly printed: readonly { readonly by: string; readonly lines: readonly string[] }[] = [],
  ) {
    super(message);
  }
}

/** What is said of a machine whose QEMU has ended, and how. */
export function endedByItself(how: string): string {
  return `it ended by itself (QEMU: ${how})`;
}

export interface BootOptions {
  readonly folder: string;
  readonly uuid: string;
  readonly machine: Pick<MachineSpec, 'health'>;
  /** Asked beside the health check. */
  readonly probes?: readonly Probe[];
  readonly ports: readonly PublishedPort[];
  readonly emulated: boolean;
  /** Whether the image's init is known to say `ready`; undefined where nobody knows. */
  readonly saysReady: boolean | undefined;
  /** Instead of the clock, for tests. */
  readonly isLate?: RunParts['isLate'];
  /** How QEMU ended, once it has. */
  readonly ended: () => string | undefined;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * Waits until the machine is healthy: its health check and the probes say so, or without them the guest itself, or, where
 * it says nothing, time.
 * @returns what the guest said about its phases, in seconds after its kernel's start; nothing if it has said nothing.
 * @throws {BootFailure} as soon as it is clear that it will not be; the signal's reason.
 */
export async function untilBooted(options: BootOptions): Promise<Readonly<Record<string, number>>> {
  const { machine, emulated, saysReady } = options;
  const factor = emulated ? EMULATION_FACTOR : 1;
  const limitSeconds = (machine.health?.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * factor;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  let phases: Readonly<Record<string, number>> = {};
  const heard = (said: Readonly<Record<string, number>>): void => {
    phases = said;
  };

  const missing = new Map<Probe, Missing>();
  const ready = listen({ ...options, signal }, heard);
  const checks = checksOf({ ...options, signal }).map(async ({ probe, attempt }) => {
    missing.set(probe, { why: 'it does not answer' });
    const likely = saysReady === true ? ready.good : undefined;
    await untilHealthy(attempt, { signal, failed: (why) => missing.set(probe, { why }), likely });
    missing.delete(probe);
  });
  const channel = new CommandChannel(options.folder, signal);
  for (const probe of options.probes ?? []) {
    const { command } = probe;
    if (command === undefined) continue;
    missing.set(probe, { why: 'it was not run, since the machine is not ready' });
    const failed = (fault: CommandFault): void => void missing.set(probe, fault);
    const good = ready.good.then(() => {
      missing.set(probe, { why: 'it has not come to its end' });
      return untilCommandGood(command, { channel, factor, signal, failed });
    });
    checks.push(good.then(() => void missing.delete(probe)));
  }
  if (options.probes?.some((probe) => probe.ready === true)) {
    missing.set(READY, { why: NOT_READY });
    checks.push(ready.good.then(() => void missing.delete(READY)));
  }
  const wait: Promise<unknown>[] = [ready.bad];
  if (checks.length > 0) {
    options.progress({ step: 'waiting until it is healthy' });
    wait.push(Promise.all(checks));
  } else {
    missing.set(READY, { why: NOT_READY });
    wait.push(ready.good);
    if (saysReady === false) wait.push(pause(Math.min(1, limitSeconds), signal));
    if (saysReady === undefined) wait.push(pause(Math.min(SILENT_SECONDS * factor, limitSeconds), signal));
  }
  const failure = (): BootFailure => tooLate(missing, { ...options, limitSeconds });
  const late = untilLate(
    limitSeconds,
    signal,
    options.isLate && (() => options.isLate?.(failure().message) === true),
  ).then(() => {
    throw failure();
  });
  try {
    await Promise.race([...wait, late, untilAborted(options.signal, end.signal)]);
    return phases;
  } finally {
    end.abort();
  }
}

/** What is wrong with what a probe got, and what a command printed. */
interface Missing {
  readonly why: string;
  readonly lines?: readonly string[];
}

const READY: Probe = { ready: true };
const NOT_READY = 'it does not say that it is ready';

/** With all that is still wrong; where several things were asked, each with what it is. */
function tooLate(
  missing: ReadonlyMap<Probe, Missing>,
  { probes = [], limitSeconds }: BootOptions & { readonly limitSeconds: number },
): BootFailure {
  const told = [...missing].map(([probe, { why }]) => (probes.length > 0 ? `${probeText(probe)}: ${why}` : why));
  const printed = [...missing].flatMap(([probe, { lines = [] }]) =>
    lines.length === 0 ? [] : [{ by: probeText(probe), lines }],
  );
  return new BootFailure('unhealthy', `it was not healthy within ${limitSeconds} s: ${told.join('; ')}`, printed);
}

interface Check {
  readonly probe: Probe;
  readonly attempt: Attempt;
}

function checksOf({ machine, probes = [], ports, folder, uuid }: BootOptions): Check[] {
  const established = async (port: number): Promise<boolean> =>
    isEstablished((await withQmp({ folder, uuid }, (qmp) => qmp.monitor('info usernet'))) ?? '', port);
  const { http, tcp } = machine.health ?? {};
  const asked: Probe[] = [...(http ? [{ http }] : []), ...(tcp ? [{ tcp }] : []), ...probes];
  return asked.flatMap((probe) => {
    const attempt = attemptOf(probe, { ports, established, consoleFile: join(folder, CONSOLE_FILE) });
    return attempt === undefined ? [] : [{ probe, attempt }];
  });
}

function attemptOf(
  { http, tcp, console: wanted }: Probe,
  machine: {
    readonly ports: readonly PublishedPort[];
    readonly established: (port: number) => Promise<boolean>;
    readonly consoleFile: string;
  },
): Attempt | undefined {
  if (http !== undefined) {
    const port = publishedPort(machine.ports, http.port);
    return httpAttempt(http, { port: port.private, host: endpointText({ ...port, port: port.host }) });
  }
  if (tcp !== undefined) return tcpAttempt(publishedPort(machine.ports, tcp.port).private, machine.established);
  if (wanted === undefined) return undefined;
  return async () =>
    (await consoleHas(machine.consoleFile, wanted.contains)) ? undefined : 'its console does not have it';
}

function publishedPort(ports: readonly PublishedPort[], guest: number): PublishedPort {
  const port = ports.find((candidate) => candidate.guest === guest);
  if (port === undefined)
    throw new BootFailure('unhealthy', `its health check asks port ${guest}, which is not published`);
  return port;
}

/** `good` resolves when the guest says that it is ready; `bad` rejects when it says, or shows, that it never will be. */
function listen(
  { folder, ended, signal }: BootOptions,
  heard: (phases: Readonly<Record<string, number>>) => void,
): { good: Promise<void>; bad: Promise<never> } {
  let sayGood: () => void;
  const good = new Promise<void>((resolve) => {
    sayGood = resolve;
  });
  const ears = [new GuestEar(join(folder, READY_FILE)), new GuestEar(join(folder, CONSOLE_FILE))];
  const take = (said: GuestWord): void => {
    if (said.word === 'panic') throw new BootFailure('panic', `its kernel failed: ${said.reason}`);
    if (said.word === 'failed') throw new BootFailure('guest-failed', `it says that it failed: ${said.reason}`);
    heard(said.phases);
    sayGood();
  };
  const bad = (async (): Promise<never> => {
    while (!signal.aborted) {
      // Before its last words are read, so that none of them is missed.
      const end = ended();
      for (const ear of ears) (await ear.listen()).forEach(take);
      if (end !== undefined) throw new BootFailure('died', endedByItself(end));
      await pause(LISTEN_MS / 1000, signal);
    }
    return new Promise(() => {});
  })();
  return { good, bad };
}

async function untilLate(limitSeconds: number, signal: AbortSignal, isLate?: () => boolean): Promise<void> {
  if (isLate === undefined) return pause(limitSeconds, signal);
  while (!isLate()) await pause(LISTEN_MS / 1000, signal);
}

/** Never resolves once the signal is aborted. */
async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch {
    await new Promise(() => {});
  }
}

function untilAborted(signal: AbortSignal, end: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { signal: end });
  });
}
