import { readFile } from 'node:fs/promises';
import { ROOT_SERIAL } from '../model/boot.js';
import { shortDigest } from '../model/digest.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { MachineSpec } from '../model/machine.js';
import { probeProblems, probeText } from '../model/probe.js';
import type { BootSource, BootTestRecord, BootTestRequest, KernelBoot, RunOptions } from '../run/qemu/machine.js';
import { build } from './build.js';
import type { Workshop } from './workshop.js';

export async function bootFiles(image: LockedImage, workshop: Workshop): Promise<KernelBoot>;
export async function bootFiles(
  image: LockedImage,
  workshop: Workshop,
  machine: Pick<MachineSpec, 'firmware'>,
): Promise<BootSource>;
/**
 * What a local machine boots: its kernel directly, or a disk by its firmware. A root that is unpacked is not compressed:
 * that is what an emulated boot spends most of its time on.
 */
export async function bootFiles(
  image: LockedImage,
  workshop: Workshop,
  { firmware = 'none' }: Pick<MachineSpec, 'firmware'> = {},
): Promise<BootSource> {
  const { lock } = image;
  if (firmware === 'uefi') {
    const { files } = await build(image, 'raw-efi', workshop);
    return { disk: { path: files[0]?.path ?? '', format: 'raw' } };
  }
  const onDisk = lock.spec.root === 'disk' && lock.guest !== null;
  const format = onDisk ? 'kernel+erofs' : 'kernel+initrd';
  const { files } = await build(image, format, workshop, { compression: onDisk ? 'zstd' : 'none' });
  const path = (role: string): string => files.find((file) => file.role === role)?.path ?? '';
  const commandLine = await readFile(path('cmdline'), 'utf8');
  const root = onDisk ? { root: { path: path('erofs'), serial: ROOT_SERIAL } } : {};
  return { kernel: path('kernel'), initrd: path('initrd'), commandLine, ...root };
}

/** Lock → a boot that went well. @throws {RunError} where it did not. */
export async function testImage(
  image: LockedImage,
  test: Pick<BootTestRequest, 'owner' | 'probes' | 'memoryMiB' | 'cpus' | 'timeoutSeconds'>,
  { workshop, ...options }: RunOptions & { readonly workshop: Workshop },
): Promise<BootTestRecord> {
  const { testBoot, RunError } = await import('../run/qemu/machine.js');
  const { platform, guest } = image.lock;
  for (const { index, reason } of probeProblems(test.probes, image.lock)) {
    const what = `test image ${shortDigest(lockDigest(image.lock))}`;
    throw new RunError('bad-probe', `Cannot ${what}: ${probeText(test.probes[index] ?? {})}: ${reason}`);
  }
  const boot = await bootFiles(image, workshop);
  return testBoot({ ...test, image: lockDigest(image.lock), boot, platform, saysReady: guest !== null }, options);
}
