import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Digest } from '../../model/digest.js';
import { isDigest } from '../../model/digest.js';
import { errnoOf, RunError } from '../error.js';
import { writeStateFile } from './state-file.js';

const VERSION = 1;
const ID = /^vm-[0-9a-f]{12}$/;

const Process = z.object({ pid: z.int().min(1), start: z.string() });

const MachineFile = z.object({
  version: z.literal(VERSION),
  id: z.string().regex(ID),
  /** QEMU's `-uuid`: how the machine behind a control socket proves to be this one. */
  uuid: z.uuid(),
  /** `starting` until it is healthy and its ports lead to it. */
  stage: z.enum(['starting', 'running']),
  /** Who is starting it. If that process is gone, nobody will ever use the machine. */
  maker: Process,
  /** Milliseconds since 1970: which of an owner's machines is the newest. */
  createdMs: z.number(),
  owner: z.object({ urn: z.string(), project: z.string() }),
  image: z.custom<Digest>((text) => typeof text === 'string' && isDigest(text)),
  platform: z.enum(['linux/amd64', 'linux/arm64']),
  accelerator: z.enum(['kvm', 'hvf', 'tcg']),
  /** QEMU; missing in the moment before it runs. */
  process: Process.optional(),
  ports: z.array(
    z.object({
      address: z.string(),
      host: z.int(),
      guest: z.int(),
      /** Port of the loopback address that QEMU itself listens on. */
      private: z.int(),
    }),
  ),
  bootSeconds: z.record(z.string(), z.number()),
  /** Of a fleet, whose machines share its ports: which, and what the machine is made of. */
  fleet: z.object({ id: z.string(), version: z.string() }).optional(),
});

/** All that is needed to find a machine again: `machine.json` in its folder. */
export type MachineFile = z.infer<typeof MachineFile>;
export type PublishedPort = MachineFile['ports'][number];

export function newMachineId(): string {
  return `vm-${randomBytes(6).toString('hex')}`;
}

/** The machine's own folder, which is also QEMU's working directory. @throws {RangeError} for what is no id. */
export function machineFolder(stateDirectory: string, id: string): string {
  if (!ID.test(id)) throw new RangeError(`Cannot find machine "${id}": that is not the id of a machine`);
  return join(stateDirectory, 'machines', id);
}

export function writeMachineFile(stateDirectory: string, machine: MachineFile): Promise<void> {
  return writeStateFile(join(machineFolder(stateDirectory, machine.id), 'machine.json'), machine);
}

/**
 * Undefined if there is no such machine, or no such id.
 * @throws {RunError} `bad-record`, where another version of Ingot wrote it, or it is damaged.
 */
export async function readMachineFile(stateDirectory: string, id: string): Promise<MachineFile | undefined> {
  if (!ID.test(id)) return undefined;
  const path = join(machineFolder(stateDirectory, id), 'machine.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new RunError('io', `Cannot read the record of machine ${id}: ${errnoOf(error)}`, { cause: error });
  });
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { data, error } = MachineFile.safeParse(value);
  if (data !== undefined && data.id === id) return data;
  const version = (value as { version?: unknown } | undefined)?.version;
  const problem =
    typeof version === 'number' && version > VERSION
      ? `it has version ${version}, and this Ingot knows up to ${VERSION}; use the newer Ingot that wrote it`
      : 'it is damaged; end its QEMU process by hand and remove the folder';
  throw new RunError('bad-record', `Cannot read the record of machine ${id} in ${path}: ${problem}`, {
    cause: error,
    context: { path },
  });
}

/** Ids of all machine folders, sorted; also of machines that are gone, or whose record cannot be read. */
export async function machineIds(stateDirectory: string): Promise<string[]> {
  const names = await readdir(join(stateDirectory, 'machines')).catch(() => []);
  return names.filter((name) => ID.test(name)).sort();
}

/** All records that can be read, oldest first. */
export async function readMachineFiles(stateDirectory: string): Promise<MachineFile[]> {
  const machines: MachineFile[] = [];
  for (const id of await machineIds(stateDirectory)) {
    // One that is damaged, or of a newer Ingot, must not be in the way of all the others.
    const machine = await readMachineFile(stateDirectory, id).catch(() => undefined);
    if (machine !== undefined) machines.push(machine);
  }
  return machines.sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
}
