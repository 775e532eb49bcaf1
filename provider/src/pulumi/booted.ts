import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import { z } from 'zod';
import type { Contents } from '../model/contents.js';
import type { Digest } from '../model/digest.js';
import type { Lock } from '../model/lock.js';
import { HealthCheck, MachineSpec, PortMapping } from '../model/machine.js';
import { DEFAULT_PLATFORM } from '../model/spec.js';
import type { DiskFormat, MachineRequest } from '../pipeline.js';
import type { Operation } from './handler.js';
import { ImageDigest } from './image-digest.js';
import { decodeLock } from './lock-text.js';
import { runOptions, tooLittleMemory } from './machine-inputs.js';
import type { Properties } from './state.js';
import { isUnknown } from './unknown.js';

export const MACHINE_DEFAULTS = { memoryMiB: 512, cpus: 1, ports: [], drainSeconds: 10 };

/** Formats of published files that firmware boots, and what they are to QEMU. */
const BOOTABLE: Readonly<Record<string, DiskFormat>> = {
  'raw-efi': 'raw',
  'qcow2-efi': 'qcow2',
  'iso-efi': 'iso',
  aws: 'raw',
};

/** What a program gives for a machine; the SDK takes the image apart into its digest and lock. */
export const MachineInputs = z.looseObject({
  imageRef: z
    .looseObject({
      file: z.string().startsWith('/'),
      format: z
        .string()
        .refine((format) => BOOTABLE[format] !== undefined, `must be one of ${Object.keys(BOOTABLE).join(', ')}`),
      platform: z.enum(['linux/amd64', 'linux/arm64']),
    })
    .optional(),
  imageDigest: ImageDigest,
  memoryMiB: MachineSpec.shape.memoryMiB.default(MACHINE_DEFAULTS.memoryMiB),
  cpus: MachineSpec.shape.cpus.default(MACHINE_DEFAULTS.cpus),
  ports: z.array(PortMapping).default(MACHINE_DEFAULTS.ports),
  health: HealthCheck.optional(),
  drainSeconds: MachineSpec.shape.drainSeconds.default(MACHINE_DEFAULTS.drainSeconds),
  disks: MachineSpec.shape.disks,
  userData: MachineSpec.shape.userData,
  secrets: MachineSpec.shape.secrets,
  firmware: MachineSpec.shape.firmware,
});

/** What it boots: an image that is built here, or one that somebody has published as a file. */
export async function bootedOf(
  inputs: Properties,
  operation: Operation,
): Promise<Pick<MachineRequest, 'image' | 'boot' | 'platform' | 'saysReady'>> {
  const { imageRef, imageDigest } = MachineInputs.parse(inputs);
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

type Booted = Pick<z.infer<typeof MachineInputs>, 'imageRef' | 'firmware'>;

/** Of an image that is built here; undefined for one that is published already, and while nobody knows it yet. */
export function lockIn({ imageRef }: Booted, { __lock }: Properties): Lock | undefined {
  return imageRef !== undefined || isUnknown(__lock) ? undefined : decodeLock(__lock).lock;
}

/** What is known beforehand to keep one such machine from running on this host. */
export async function machineFailures(
  inputs: z.infer<typeof MachineInputs>,
  operation: Operation,
): Promise<CheckFailure[]> {
  const { checkMachine } = await (await import('../pipeline.js')).run();
  const lock = lockIn(inputs, inputs);
  const platform = inputs.imageRef?.platform ?? lock?.platform ?? DEFAULT_PLATFORM;
  const request = { owner: ownerOf(operation), machine: machineOf(inputs), platform };
  const problems = await checkMachine(request, runOptions(operation));
  const failures = [...(unpacked(inputs, lock) ? tooLittleMemory(inputs) : []), ...problems];
  return failures.map(({ property, reason }) => ({ property, reason }));
}

export function ownerOf(operation: Operation): { urn: string; project: string } {
  return { urn: operation.urn, project: operation.directory };
}

export function machineOf(properties: Properties): MachineSpec {
  const { memoryMiB, cpus, ports, health, drainSeconds, disks, userData, secrets, firmware } =
    MachineInputs.parse(properties);
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
export function unpacked({ firmware }: Booted, lock: Lock | undefined): boolean {
  if (lock === undefined) return false;
  const { spec, guest } = lock;
  return guest === null || (spec.root ?? (firmware === 'uefi' ? 'disk' : 'ram')) !== 'disk';
}

/** Addresses that answer, known already in a preview: of the port with the health check first. */
export function endpointsOf(inputs: z.infer<typeof MachineInputs>): { endpoints: string[]; url?: string } {
  const http = inputs.health?.http?.port;
  const text = ({ address = '127.0.0.1', host }: PortMapping): string =>
    address.includes(':') ? `[${address}]:${host}` : `${address}:${host}`;
  const main = inputs.ports.find((port) => port.guest === http);
  return { endpoints: inputs.ports.map(text), ...(main ? { url: `http://${text(main)}` } : {}) };
}
