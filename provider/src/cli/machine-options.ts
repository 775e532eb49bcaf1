import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { AttachedDisk, MachineSpec, type PortMapping } from '../model/machine.js';
import type { Platform } from '../model/platform.js';
import { disks, type Workshop } from '../pipeline.js';
import { CommandError } from './command-error.js';
import { numberIn, sizeIn } from './number-option.js';
import { UsageError } from './usage-error.js';

export interface MachineOptions {
  readonly publish?: readonly string[];
  readonly disk?: readonly string[];
  readonly userdata?: string;
  readonly secret?: readonly string[];
  readonly memory?: string;
  readonly cpus?: string;
  readonly firmware?: string;
  readonly timeout?: string;
}

/** What the words say, before anything is looked at. */
export interface MachineAsked {
  readonly machine: MachineSpec;
  /** Size of the disks that are made where they are not there, by path. */
  readonly sizeOfDisk: ReadonlyMap<string, number>;
  /** Files, as they were written. */
  readonly userDataFile: string | undefined;
  readonly secretFiles: ReadonlyMap<string, string>;
}

/**
 * The machine that options describe. Reads nothing.
 * @throws {UsageError} for whatever cannot be, before anything is made.
 */
export function machineAsked(options: MachineOptions, directory: string): MachineAsked {
  const { userdata, firmware } = options;
  if (firmware !== undefined && firmware !== 'uefi' && firmware !== 'none') {
    throw new UsageError('bad-format', `Cannot use --firmware ${firmware}: there is no such kind; choose uefi or none`);
  }
  const attached = (options.disk ?? []).map((text) => diskIn(text, directory));
  const { data, error } = MachineSpec.safeParse({
    memoryMiB: numberIn(options.memory ?? '512', { flag: '--memory', min: 64, max: 1048576 }),
    cpus: numberIn(options.cpus ?? '1', { flag: '--cpus', max: 256 }),
    ports: (options.publish ?? []).map(portIn),
    drainSeconds: 0,
    health: { timeoutSeconds: numberIn(options.timeout ?? '60', { flag: '--timeout', max: 3600 }) },
    ...(attached.length === 0 ? {} : { disks: attached.map(({ path, serial }) => ({ path, serial })) }),
    ...(firmware === undefined ? {} : { firmware }),
  });
  if (data === undefined) throw new UsageError('bad-subject', notSuch(error));
  return {
    machine: data,
    sizeOfDisk: new Map(
      attached.flatMap(({ path, sizeBytes }) => (sizeBytes === undefined ? [] : [[path, sizeBytes]])),
    ),
    userDataFile: userdata,
    secretFiles: new Map((options.secret ?? []).map(secretIn)),
  };
}

/**
 * The machine, with what is in the files that belong to it. Makes nothing.
 * @throws {CommandError} `bad-subject` for a file that is not there, or too large; a disk that nobody said the size of.
 */
export async function machineFrom(asked: MachineAsked, { directory }: Workshop): Promise<MachineSpec> {
  const { machine, userDataFile, secretFiles, sizeOfDisk } = asked;
  const { readDisk } = await disks();
  for (const { path } of machine.disks ?? []) {
    if (sizeOfDisk.has(path) || (await readDisk(path)) !== undefined) continue;
    throw new CommandError('bad-subject', `Cannot attach ${path}: there is no such file; with ,size=10G it is made`);
  }
  const secrets: Record<string, string> = {};
  for (const [name, file] of secretFiles) secrets[name] = await readText(file, directory);
  const { data, error } = MachineSpec.safeParse({
    ...machine,
    ...(secretFiles.size > 0 ? { secrets } : {}),
    ...(userDataFile === undefined ? {} : { userData: await readText(userDataFile, directory) }),
  });
  if (data === undefined) throw new CommandError('bad-subject', notSuch(error));
  return data;
}

/** Makes the disks that are not there. */
export async function makeDisks({ machine, sizeOfDisk }: MachineAsked, { settings }: Workshop): Promise<void> {
  const { readDisk, createDisk } = await disks();
  for (const { path } of machine.disks ?? []) {
    const sizeBytes = sizeOfDisk.get(path);
    if (sizeBytes === undefined || (await readDisk(path)) !== undefined) continue;
    await createDisk({ path, sizeBytes, stateDirectory: settings.stateDirectory });
  }
}

/** @throws {UsageError} `bad-subject`. */
export function platformIn(text: string | undefined): Platform | undefined {
  if (text === undefined || text === 'linux/amd64' || text === 'linux/arm64') return text;
  throw new UsageError(
    'bad-subject',
    `Cannot use --platform ${text}: there is no such platform; choose linux/amd64 or linux/arm64`,
  );
}

function notSuch({ issues }: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  const [{ path, message } = { path: [], message: 'it cannot be' }] = issues;
  return `Cannot run such a machine: ${path.join('.')}: ${message}; give another`;
}

/** `NAME=FILE`. */
function secretIn(text: string): [name: string, file: string] {
  const [, name, file] = /^([A-Za-z0-9_][A-Za-z0-9._-]{0,63})=(.+)$/.exec(text) ?? [];
  if (name !== undefined && file !== undefined) return [name, file];
  // What stands there may be the secret itself.
  throw new UsageError(
    'bad-subject',
    'Cannot use --secret: it has no name, or no file; write it as a name and the file that has it, as in --secret token=token.txt',
  );
}

/** `8080:80`, or `0.0.0.0:8080:80`. */
function portIn(text: string): PortMapping {
  const [, address, host = '', guest = ''] = /^(?:(.+):)?(\d+):(\d+)$/.exec(text) ?? [];
  if (guest === '') {
    throw new UsageError(
      'bad-number',
      `Cannot publish "${text}": it is not two ports; write it as host port and port in the machine, as in --publish 8080:80`,
    );
  }
  const port = (number: string): number => numberIn(number, { flag: '--publish', max: 65535 });
  return { host: port(host), guest: port(guest), ...(address === undefined ? {} : { address }) };
}

/** `FILE`, or `FILE,size=10G,serial=data`: made where it is not there and a size is given. */
function diskIn(text: string, directory: string): AttachedDisk & { readonly sizeBytes?: number } {
  const [file = '', ...words] = text.split(',');
  const given = new Map(words.map((word) => word.split('=', 2) as [string, string | undefined]));
  const unknown = [...given].find(([key, value]) => (key !== 'size' && key !== 'serial') || value === undefined);
  if (file === '' || unknown !== undefined) {
    const what = unknown === undefined ? 'it names no file' : `${unknown[0]} is neither size=… nor serial=…`;
    throw new UsageError(
      'bad-subject',
      `Cannot attach "${text}": ${what}; write it as in --disk data.raw,size=10G,serial=data`,
    );
  }
  const path = resolve(directory, file);
  const serial = given.get('serial') ?? serialOf(file);
  const { error } = AttachedDisk.safeParse({ path, serial });
  if (error) throw new UsageError('bad-subject', `Cannot attach "${text}": its serial ${error.issues[0]?.message}`);
  const size = given.get('size');
  return { path, serial, ...(size === undefined ? {} : { sizeBytes: sizeIn(size, '--disk') }) };
}

/** The name of the file, as far as a serial number can have it. */
function serialOf(file: string): string {
  return basename(file)
    .replace(/(?<=.)\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 20);
}

async function readText(path: string, directory: string): Promise<string> {
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
