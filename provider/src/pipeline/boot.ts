import type { LockedImage } from '../model/lock.js';
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
