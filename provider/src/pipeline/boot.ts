import { type LockedImage, lockDigest } from '../model/lock.js';
import type { BootTestRecord, BootTestRequest, RunOptions } from '../run/qemu/machine.js';
import { build } from './build.js';
import { commandLineOf } from './command-line.js';
import type { Workshop } from './workshop.js';

/** What a local machine boots. Nothing is compressed: unpacking is what an emulated boot spends most of its time on. */
export async function bootFiles(
  image: LockedImage,
  workshop: Workshop,
): Promise<{ kernel: string; initrd: string; commandLine: string }> {
  const { files } = await build(image, 'kernel+initrd', workshop, { compression: 'none' });
  const path = (role: string): string => files.find((file) => file.role === role)?.path ?? '';
  return { kernel: path('kernel'), initrd: path('initrd'), commandLine: commandLineOf(image.lock) };
}

/** Lock → a boot that went well. @throws {RunError} where it did not. */
export async function testImage(
  image: LockedImage,
  test: Pick<BootTestRequest, 'owner' | 'probes' | 'memoryMiB' | 'cpus' | 'timeoutSeconds'>,
  { workshop, ...options }: RunOptions & { readonly workshop: Workshop },
): Promise<BootTestRecord> {
  const { testBoot } = await import('../run/qemu/machine.js');
  const { platform, guest } = image.lock;
  const boot = await bootFiles(image, workshop);
  return testBoot({ ...test, image: lockDigest(image.lock), boot, platform, saysReady: guest !== null }, options);
}
