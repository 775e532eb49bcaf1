import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../model/digest.js';
import type { Platform } from '../model/platform.js';
import { DEFAULT_PLATFORM } from '../model/spec.js';
import {
  type MachineRecord,
  run as machines,
  type RunRequest,
  runBuilt,
  runImage,
  type Workshop,
} from '../pipeline.js';
import { ARCHIVE, builtFile, DISKS, isBuilt } from './built-file.js';
import { CommandError } from './command-error.js';
import { withLock } from './locked.js';
import { type MachineOptions, machineAsked, machineFrom, makeDisks, platformIn } from './machine-options.js';
import { timeline } from './timeline.js';
import { UsageError } from './usage-error.js';
import { withWorkshop } from './workshop.js';

export interface RunCommandOptions extends MachineOptions {
  readonly platform?: string;
  readonly timeline?: true;
  readonly detach?: true;
  readonly debug?: true;
  readonly json?: true;
}

/**
 * `ingot run SPEC…|FILE`: boots an image on this host. In the foreground its console is shown until Ctrl-C, which ends the
 * machine; detached it goes on, and `ingot stop` ends it.
 */
export async function run(subjects: readonly string[], options: RunCommandOptions): Promise<void> {
  const [first = ''] = subjects;
  const built = isBuilt(first);
  if (built && subjects.length > 1) {
    throw new UsageError('bad-subject', `Cannot run ${subjects.join(' ')}: a disk is run alone; give one`);
  }
  const platform = platformIn(options.platform);
  if (ARCHIVE.test(first)) {
    throw new UsageError(
      'bad-subject',
      `Cannot run ${first}: wanted a spec, or a disk that ends in ${Object.keys(DISKS).join(', ')}; from an archive, unpack the disk first`,
    );
  }
  if (!built && platform !== undefined) {
    throw new UsageError(
      'bad-subject',
      `Cannot use --platform for ${first}: what it runs on stands in the spec; leave it out`,
    );
  }
  if (built && options.debug) {
    throw new UsageError(
      'bad-subject',
      `Cannot use --debug for ${first}: it is built already; give it to \`ingot build\``,
    );
  }
  const asked = machineAsked(options, process.cwd());
  await withWorkshop(async (workshop) => {
    const request = {
      // Each run is a machine of its own.
      owner: { urn: `ingot run ${subjects.join(' ')} ${randomUUID()}`, project: workshop.directory },
      machine: await machineFrom(asked, workshop),
    };
    const watching = new Watching(options.detach !== true && options.json !== true, workshop.signal);
    const runOptions = { ...stateOf(workshop), began: watching.began };
    const { debug } = options;
    const start = async (): Promise<MachineRecord> => {
      if (built) return runFile(first, { platform, request, runOptions, prepare: () => makeDisks(asked, workshop) });
      // What is wrong with the machine does not stand in the spec.
      const locked = await withLock(subjects, workshop, async (found) => found, { debug });
      await makeDisks(asked, workshop);
      return runImage(locked, request, { ...runOptions, workshop });
    };
    const record = await start().finally(() => watching.end());
    tell(record, request, options);
    if (options.detach) return;
    await untilEnd(record, { watching, workshop });
  });
}

function stateOf({ settings, signal, progress }: Workshop) {
  return { stateDirectory: settings.stateDirectory, signal, progress };
}

async function runFile(
  path: string,
  {
    platform = DEFAULT_PLATFORM,
    request,
    runOptions,
    prepare,
  }: {
    readonly platform: Platform | undefined;
    readonly request: RunRequest;
    readonly runOptions: ReturnType<typeof stateOf>;
    /** Once it is known what is to boot. */
    readonly prepare: () => Promise<void>;
  },
): Promise<MachineRecord> {
  const { project } = request.owner;
  const boot = await builtFile(path, project);
  await prepare();
  // What it was built from is said within; nobody needs it to run the file.
  return runBuilt({ boot, digest: sha256(resolve(project, path)), platform }, request, runOptions);
}

function tell(
  record: MachineRecord,
  { machine }: RunRequest,
  { json, timeline: drawn, detach }: RunCommandOptions,
): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
    return;
  }
  const healthy = record.bootSeconds.healthy ?? 0;
  const ports = machine.ports.map(({ address = '127.0.0.1', host, guest }) => `${address}:${host} -> ${guest}`);
  const lines = [
    `${record.id} is up after ${healthy.toFixed(1)} s (${record.accelerator})${ports.length > 0 ? `: ${ports.join(', ')}` : ''}`,
    ...(drawn ? timeline(record) : []),
    ...(detach ? [`its console: ${record.consoleFile}`, `to end it: ingot stop ${record.id}`] : ['Ctrl-C ends it']),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** Until the machine ends, or whoever started it has seen enough. */
async function untilEnd(
  record: MachineRecord,
  { watching, workshop }: { watching: Watching; workshop: Workshop },
): Promise<void> {
  const { readMachine, deleteMachine } = await machines();
  const options = { ...stateOf(workshop), signal: new AbortController().signal };
  watching.began(record);
  try {
    while (!workshop.signal.aborted) {
      if ((await readMachine(record.id, options)) === undefined) {
        process.stderr.write(`${record.id} has ended\n`);
        return;
      }
      await sleep(500, undefined, { signal: workshop.signal }).catch(() => undefined);
    }
    process.stderr.write(`\nending ${record.id}\n`);
    await deleteMachine(record.id, options);
  } finally {
    await watching.end();
  }
}

/** Copies a machine's console to the standard output while it grows. */
class Watching {
  readonly #wanted: boolean;
  readonly #signal: AbortSignal;
  #stop: AbortController | undefined;
  #copying: Promise<void> = Promise.resolve();
  #offset = 0;

  constructor(wanted: boolean, signal: AbortSignal) {
    this.#wanted = wanted;
    this.#signal = signal;
  }

  readonly began = ({ consoleFile }: { readonly consoleFile: string }): void => {
    if (!this.#wanted) return;
    this.#stop = new AbortController();
    this.#copying = this.#copy(consoleFile, this.#stop.signal);
  };

  /** What is there by now is still shown. */
  async end(): Promise<void> {
    this.#stop?.abort();
    await this.#copying;
  }

  async #copy(path: string, end: AbortSignal): Promise<void> {
    let file: FileHandle | undefined;
    try {
      for (;;) {
        const last = end.aborted || this.#signal.aborted;
        const found = await open(path).catch(() => undefined);
        // What was open stays so: the console of a machine that has ended is moved away, with its last words.
        if (found !== undefined) await file?.close();
        file = found ?? file;
        if (file !== undefined) await this.#copyMore(file);
        if (last) return;
        await sleep(100, undefined, { signal: AbortSignal.any([end, this.#signal]) }).catch(() => undefined);
      }
    } finally {
      await file?.close();
    }
  }

  async #copyMore(file: FileHandle): Promise<void> {
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      process.stdout.write(Buffer.from(buffer.subarray(0, bytesRead)));
    }
  }
}

/** `ingot ps`: the machines of this user that run. */
export async function ps(options: { readonly json?: true }): Promise<void> {
  await withWorkshop(async (workshop) => {
    const { listMachines } = await machines();
    const found = await listMachines(stateOf(workshop));
    if (options.json) {
      process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
      return;
    }
    const { columns } = await import('./columns.js');
    const rows = found.map(({ id, pid, image, ports, consoleFile }) => [
      ...[id, String(pid), image.slice(7, 19)],
      ports.map(({ address, host, guest }) => `${address}:${host}->${guest}`).join(' '),
      consoleFile,
    ]);
    if (rows.length > 0)
      process.stdout.write(`${columns([['ID', 'PID', 'IMAGE', 'PORTS', 'CONSOLE'], ...rows]).join('\n')}\n`);
  });
}

/** `ingot stop ID…`: ends machines that were started with `ingot run --detach`. */
export async function stop(ids: readonly string[]): Promise<void> {
  await withWorkshop(async (workshop) => {
    const { readMachine, deleteMachine } = await machines();
    for (const id of ids) {
      if ((await readMachine(id, stateOf(workshop))) === undefined) {
        throw new CommandError(
          'bad-subject',
          `Cannot stop ${id}: no such machine runs; \`ingot ps\` lists those that do`,
        );
      }
      await deleteMachine(id, stateOf(workshop));
    }
  });
}
