import type { Digest } from '../model/digest.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { MachineSpec } from '../model/machine.js';
import type { Platform } from '../model/platform.js';
import { DEFAULT_PLATFORM } from '../model/spec.js';
import type { BootSource, MachineRecord, RunOptions } from '../run/qemu/machine.js';
import { bootFiles } from './boot.js';
import type { Workshop } from './workshop.js';

export interface RunRequest {
  readonly owner: { readonly urn: string; readonly project: string };
  readonly machine: MachineSpec;
}

/** Lock → Instance: a machine on this host. */
export async function runImage(
  image: LockedImage,
  request: RunRequest,
  { workshop, ...options }: RunOptions & { readonly workshop: Workshop },
): Promise<MachineRecord> {
  const { createMachine } = await import('../run/qemu/machine.js');
  const { platform, guest } = image.lock;
  const boot = await bootFiles(image, workshop, request.machine);
  return createMachine(
    { ...request, image: lockDigest(image.lock), boot, platform, saysReady: guest !== null },
    options,
  );
}

/** What somebody has built → Instance. */
export async function runBuilt(
  built: { readonly boot: BootSource; readonly digest: Digest; readonly platform?: Platform },
  request: RunRequest,
  options: RunOptions,
): Promise<MachineRecord> {
  const { createMachine } = await import('../run/qemu/machine.js');
  const { boot, digest, platform = DEFAULT_PLATFORM } = built;
  return createMachine({ ...request, image: digest, boot, platform }, options);
}
