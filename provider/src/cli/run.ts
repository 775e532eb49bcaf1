import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../model/digest.js';
import { AttachedDisk, MachineSpec, type PortMapping } from '../model/machine.js';
import type { Platform } from '../model/platform.js';
import { DEFAULT_PLATFORM } from '../model/spec.js';
import {
  disks,
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
import { numberIn, sizeIn } from './number-option.js';
import { timeline } from './timeline.js';
import { withWorkshop } from './workshop.js';

export interface RunCommandOptions {
  readonly publish?: readonly string[];
  readonly disk?: readonly string[];
  readonly userdata?: string;
  readonly secret?: readonly string[];
  readonly memory?: string;
  readonly cpus?: string;
  readonly firmware?: string;
  readonly platform?: string;
  readonly timeout?: string;
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
    throw new CommandError('bad-subject', `Cannot run ${subjects.join(' ')}: a disk is run alone; give one`);
  }
  const platform = platformIn(options.platform);
  if (ARCHIVE.test(first)) {
    throw new CommandError(
      'bad-subject',
      `Cannot run ${first}: wanted a spec, or a disk that ends in ${Object.keys(DISKS).join(', ')}; from an archive, unpack the disk first`,
    );
  }
  if (!built && platform !== undefined) {
    throw new CommandError('bad-subject', `Cannot use --platform for ${first}: what it runs on stands in the spec`);
  }
  await withWorkshop(async (workshop) => {
    const request = {
      // Each run is a machine of its own.
      owner: { urn: `ingot run ${subjects.join(' ')} ${randomUUID()}`, project: workshop.directory },
      machine: await machineOf(options, workshop),
    };
    const watching = new Watching(options.detach !== true && options.json !== true, workshop.signal);
    const runOptions = { ...stateOf(workshop), began: watching.began };
    const { debug } = options;
    const start = async (): Promise<MachineRecord> =>
      !built
        ? // What is wrong with the machine does not stand in the spec.
          runImage(await withLock(subjects, workshop, async (locked) => locked, { debug }), request, {
            ...runOptions,
            workshop,
          })
        : runFile(first, { platform, request, runOptions });
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
  }: {
    readonly platform: Platform | undefined;
    readonly request: RunRequest;
    readonly runOptions: ReturnType<typeof stateOf>;
  },
): Promise<MachineRecord> {
  const { project } = request.owner;
  const boot = await builtFile(path, project);
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
    for (;;) {
      const last = end.aborted || this.#signal.aborted;
      await this.#copyMore(path);
      if (last) return;
      await sleep(100, undefined, { signal: AbortSignal.any([end, this.#signal]) }).catch(() => undefined);
    }
  }

  async #copyMore(path: string): Promise<void> {
    await using file = await open(path).catch(() => undefined);
    if (file === undefined) return;
    const buffer = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      process.stdout.write(Buffer.from(buffer.subarray(0, bytesRead)));
    }
  }
}

function platformIn(text: string | undefined): Platform | undefined {
  if (text === undefined || text === 'linux/amd64' || text === 'linux/arm64') return text;
  throw new CommandError('bad-subject', `Cannot use --platform ${text}: choose linux/amd64 or linux/arm64`);
}

async function machineOf(options: RunCommandOptions, workshop: Workshop): Promise<MachineSpec> {
  const { userdata, firmware } = options;
  if (firmware !== undefined && firmware !== 'uefi' && firmware !== 'none') {
    throw new CommandError('bad-number', `Cannot use --firmware ${firmware}: choose uefi or none`);
  }
  const { data, error } = MachineSpec.safeParse({
    memoryMiB: numberIn(options.memory ?? '512', { flag: '--memory', min: 64, max: 1048576 }),
    cpus: numberIn(options.cpus ?? '1', { flag: '--cpus', max: 256 }),
    ports: (options.publish ?? []).map(portIn),
    drainSeconds: 0,
    health: { timeoutSeconds: numberIn(options.timeout ?? '60', { flag: '--timeout', max: 3600 }) },
    ...(options.disk ? { disks: await Promise.all(options.disk.map((text) => diskIn(text, workshop))) } : {}),
    ...(options.secret ? { secrets: await secretsIn(options.secret, workshop) } : {}),
    ...(userdata === undefined ? {} : { userData: await readText(userdata, workshop) }),
    ...(firmware === undefined ? {} : { firmware }),
  });
  if (data !== undefined) return data;
  const [{ path, message } = { path: [], message: 'it cannot be' }] = error.issues;
  throw new CommandError('bad-subject', `Cannot run such a machine: ${path.join('.')}: ${message}; give another`);
}

/** Each `NAME=FILE`. */
async function secretsIn(texts: readonly string[], workshop: Workshop): Promise<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const text of texts) {
    const [, name, file] = /^([A-Za-z0-9_][A-Za-z0-9._-]{0,63})=(.+)$/.exec(text) ?? [];
    if (name === undefined || file === undefined) {
      // What stands there may be the secret itself.
      throw new CommandError(
        'bad-subject',
        'Cannot use --secret: write it as a name and the file that has it, as in --secret token=token.txt',
      );
    }
    secrets[name] = await readText(file, workshop);
  }
  return secrets;
}

/** `8080:80`, or `0.0.0.0:8080:80`. */
function portIn(text: string): PortMapping {
  const [, address, host = '', guest = ''] = /^(?:(.+):)?(\d+):(\d+)$/.exec(text) ?? [];
  if (guest === '') {
    throw new CommandError(
      'bad-number',
      `Cannot publish "${text}": write it as host port and port in the machine, as in --publish 8080:80`,
    );
  }
  const port = (number: string): number => numberIn(number, { flag: '--publish', max: 65535 });
  return { host: port(host), guest: port(guest), ...(address === undefined ? {} : { address }) };
}

/** `FILE`, or `FILE,size=10G,serial=data`: made where it is not there and a size is given. */
async function diskIn(text: string, workshop: Workshop): Promise<AttachedDisk> {
  const [file = '', ...words] = text.split(',');
  const given = new Map(words.map((word) => word.split('=', 2) as [string, string]));
  const unknown = [...given.keys()].find((key) => key !== 'size' && key !== 'serial');
  if (file === '' || unknown !== undefined) {
    throw new CommandError(
      'bad-subject',
      `Cannot attach "${text}": write it as in --disk data.raw,size=10G,serial=data`,
    );
  }
  const path = resolve(workshop.directory, file);
  const serial = given.get('serial') ?? serialOf(file);
  // Before a disk is made of it.
  const { error } = AttachedDisk.safeParse({ path, serial });
  if (error) {
    throw new CommandError('bad-subject', `Cannot attach "${text}": its serial ${error.issues[0]?.message}`);
  }
  const { readDisk, createDisk } = await disks();
  const size = given.get('size');
  if ((await readDisk(path)) === undefined) {
    if (size === undefined) {
      throw new CommandError('bad-subject', `Cannot attach ${file}: there is no such file; with ,size=10G it is made`);
    }
    await createDisk({ path, sizeBytes: sizeIn(size, '--disk'), stateDirectory: workshop.settings.stateDirectory });
  }
  return { path, serial };
}

/** The name of the file, as far as a serial number can have it. */
function serialOf(file: string): string {
  return basename(file)
    .replace(/(?<=.)\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 20);
}

async function readText(path: string, { directory }: Workshop): Promise<string> {
  try {
    return await readFile(resolve(directory, path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EISDIR'
        ? 'it is a folder; give a file'
        : code === 'ENOENT'
          ? 'there is no such file; give one that is there'
          : `${code}; give a file that can be read`;
    throw new CommandError('bad-subject', `Cannot read ${path}: ${why}`);
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
