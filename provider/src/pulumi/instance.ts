import { z } from 'zod';
import type { Contents } from '../model/contents.js';
import { type Digest, isDigest } from '../model/digest.js';
import { HealthCheck, MachineSpec, PortMapping } from '../model/machine.js';
import type { Platform } from '../model/platform.js';
import { DEFAULT_PLATFORM } from '../model/spec.js';
import type { DiskFormat, MachineRecord, MachineRequest } from '../pipeline.js';
import type { Handler, Operation } from './handler.js';
import { decodeLock } from './lock-text.js';
import { runOptions, same, tooLittleMemory, withoutLock } from './machine-inputs.js';
import { failuresOf, failuresOfIssues } from './problems.js';
import { type Properties, STATE_VERSION } from './state.js';
import { isUnknown, UNKNOWN } from './unknown.js';

const DEFAULTS = { memoryMiB: 512, cpus: 1, ports: [], drainSeconds: 10 };

/** Formats of published files that firmware boots, and what they are to QEMU. */
const BOOTABLE: Readonly<Record<string, DiskFormat>> = {
  'raw-efi': 'raw',
  'qcow2-efi': 'qcow2',
  'iso-efi': 'iso',
  aws: 'raw',
};

/** What a program gives an `ingot.local.Instance`; the SDK takes the image apart into its digest and lock. */
const Inputs = z.looseObject({
  imageRef: z
    .looseObject({
      file: z.string().startsWith('/'),
      format: z
        .string()
        .refine((format) => BOOTABLE[format] !== undefined, `must be one of ${Object.keys(BOOTABLE).join(', ')}`),
      platform: z.enum(['linux/amd64', 'linux/arm64']),
    })
    .optional(),
  imageDigest: z.string().refine((text) => text === UNKNOWN || isDigest(text), 'must be the digest of an ingot.Image'),
  memoryMiB: MachineSpec.shape.memoryMiB.default(DEFAULTS.memoryMiB),
  cpus: MachineSpec.shape.cpus.default(DEFAULTS.cpus),
  ports: z.array(PortMapping).default(DEFAULTS.ports),
  health: HealthCheck.optional(),
  drainSeconds: MachineSpec.shape.drainSeconds.default(DEFAULTS.drainSeconds),
  disks: MachineSpec.shape.disks,
  userData: MachineSpec.shape.userData,
  secrets: MachineSpec.shape.secrets,
  firmware: MachineSpec.shape.firmware,
});

/** A change of one of these needs another machine; a change of the others is only written down. */
const REPLACING = [
  'imageDigest',
  'imageRef',
  'memoryMiB',
  'cpus',
  'ports',
  'disks',
  'userData',
  'secrets',
  'firmware',
] as const;
const RECORDED = ['health', 'drainSeconds'] as const;

/** A virtual machine on this host. It is never changed: another one is started, takes its ports over, and it ends. */
export const instance: Handler = {
  async check(olds, news, operation) {
    if (isUnknown(withoutLock(news))) return { inputs: { ...DEFAULTS, ...news, __version: STATE_VERSION } };
    const parsed = Inputs.safeParse(news);
    if (!parsed.success) return { inputs: { ...news }, failures: failuresOfIssues(parsed.error) };
    const inputs = { ...parsed.data, ...endpointsOf(parsed.data), __version: STATE_VERSION };
    try {
      const { checkMachine } = await (await import('../pipeline.js')).run();
      const problems = await checkMachine(
        {
          owner: ownerOf(operation),
          machine: machineOf(inputs),
          platform: platformOf(parsed.data, news),
        },
        runOptions(operation),
      );
      warnOfGap(olds, inputs, operation);
      const failures = [...(unpacked(inputs, news) ? tooLittleMemory(inputs) : []), ...problems];
      return { inputs, failures: failures.map(({ property, reason }) => ({ property, reason })) };
    } catch (error) {
      return { inputs, failures: failuresOf(error) };
    }
  },

  async diff(_id, olds, news) {
    const replaces = replacing(olds, news);
    // A disk can be in one machine only: the old one ends before the new one starts.
    if (replaces.length > 0) return { replaces, ...(shareDisk(olds, news) ? { deleteBeforeReplace: true } : {}) };
    return RECORDED.every((key) => same(olds[key], news[key])) ? { changes: false } : {};
  },

  async create(inputs, operation) {
    const { createMachine } = await (await import('../pipeline.js')).run();
    const booted = await bootedOf(inputs, operation);
    const record = await createMachine(
      { owner: ownerOf(operation), machine: machineOf(inputs), ...booted },
      runOptions(operation),
    );
    return { id: record.id, outs: { ...inputs, ...outputsOf(record) } };
  },

  async update(_id, olds, news) {
    return { outs: { ...olds, ...news } };
  },

  async read(id, state, operation) {
    const { readMachine } = await (await import('../pipeline.js')).run();
    const record = await readMachine(id, runOptions(operation));
    return record === undefined ? {} : { id, props: { ...state, ...outputsOf(record) } };
  },

  async delete(id, state, operation) {
    const { deleteMachine } = await (await import('../pipeline.js')).run();
    const drainSeconds = typeof state.drainSeconds === 'number' ? state.drainSeconds : DEFAULTS.drainSeconds;
    await deleteMachine(id, { ...runOptions(operation), drainSeconds });
  },
};

/** What it boots: an image that is built here, or one that somebody has published as a file. */
async function bootedOf(
  inputs: Properties,
  operation: Operation,
): Promise<Pick<MachineRequest, 'image' | 'boot' | 'platform' | 'saysReady'>> {
  const { imageRef, imageDigest } = Inputs.parse(inputs);
  if (imageRef !== undefined) {
    const { file: path, format, platform } = imageRef;
    const { runtime } = (inputs.contents ?? {}) as Partial<Contents>;
    return {
      image: imageDigest as Digest,
      boot: { disk: { path, format: BOOTABLE[format] ?? 'raw' } },
      platform,
      ...(runtime === undefined ? {} : { saysReady: runtime.guest !== 'none' }),
    };
  }
  const pipeline = await import('../pipeline.js');
  const locked = decodeLock(inputs.__lock);
  await using workshop = await pipeline.openWorkshop(operation.settings, operation);
  const boot = await pipeline.bootFiles(locked, workshop, machineOf(inputs));
  const { platform, guest } = locked.lock;
  return { image: pipeline.lockDigest(locked.lock), boot, platform, saysReady: guest !== null };
}

function platformOf({ imageRef }: Pick<z.infer<typeof Inputs>, 'imageRef'>, { __lock }: Properties): Platform {
  if (imageRef !== undefined) return imageRef.platform;
  return isUnknown(__lock) ? DEFAULT_PLATFORM : decodeLock(__lock).lock.platform;
}

function ownerOf(operation: Operation): { urn: string; project: string } {
  return { urn: operation.urn, project: operation.directory };
}

function machineOf(properties: Properties): MachineSpec {
  const { memoryMiB, cpus, ports, health, drainSeconds, disks, userData, secrets, firmware } = Inputs.parse(properties);
  return {
    ...{ memoryMiB, cpus, ports, drainSeconds },
    ...(health ? { health } : {}),
    ...(disks && disks.length > 0 ? { disks } : {}),
    ...(userData === undefined ? {} : { userData }),
    ...(secrets ? { secrets } : {}),
    ...(firmware ? { firmware } : {}),
  };
}

/** Whether the root is unpacked into memory; one on a disk is read as it is needed. */
function unpacked(
  { firmware, imageRef }: { readonly firmware?: string | undefined; readonly imageRef?: unknown },
  { __lock }: Properties,
): boolean {
  if (imageRef !== undefined || isUnknown(__lock)) return false;
  const { spec, guest } = decodeLock(__lock).lock;
  return guest === null || (spec.root ?? (firmware === 'uefi' ? 'disk' : 'ram')) !== 'disk';
}

function replacing(olds: Properties, news: Properties): string[] {
  return REPLACING.filter((key) => !same(olds[key], news[key]));
}

/** The engine's preview of a replacement looks the same in both orders. */
function warnOfGap(olds: Properties, news: Properties, { progress }: Operation): void {
  if (olds.__type === undefined || replacing(olds, news).length === 0 || !shareDisk(olds, news)) return;
  progress({
    step: 'checking',
    warning:
      'the old machine ends before the new one starts, since a disk can only be in one of them: its ports are closed in between',
  });
}

function shareDisk(olds: Properties, news: Properties): boolean {
  const paths = ({ disks }: Properties): string[] =>
    (Array.isArray(disks) ? disks : []).map((one: { path?: unknown }) => String(one?.path));
  const before = paths(olds);
  return paths(news).some((path) => before.includes(path) || path === UNKNOWN);
}

/** Addresses that answer, known already in a preview: of the port with the health check first. */
function endpointsOf(inputs: z.infer<typeof Inputs>): { endpoints: string[]; url?: string } {
  const http = inputs.health?.http?.port;
  const text = (port: PortMapping): string => `${port.address ?? '127.0.0.1'}:${port.host}`;
  const main = inputs.ports.find((port) => port.guest === http);
  return { endpoints: inputs.ports.map(text), ...(main ? { url: `http://${text(main)}` } : {}) };
}

function outputsOf(record: MachineRecord): Properties {
  return {
    pid: record.pid,
    accelerator: record.accelerator,
    consoleFile: record.consoleFile,
    bootedDigest: record.image satisfies Digest,
    bootSeconds: record.bootSeconds,
    // Its own claim on what it stands for; an instance is never adopted, so there is one.
    __claim: record.id,
  };
}
