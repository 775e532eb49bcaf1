import type { AssembleInput } from './assemble-input.js';
import { imageRoot } from './image-root.js';
import { layKernel } from './kernel.js';
import { layKernelImage } from './kernel-image.js';
import type { Folder } from './root.js';

/** The kernel of a package, as Ingot prepares it, or that of an image, as LinuxKit lays it down. */
export async function layAnyKernel(host: Folder, input: AssembleInput, component: string): Promise<void> {
  const { lock, read } = input;
  const { kernel } = lock.spec;
  const mtimeSeconds = lock.sourceDateEpoch;
  if (input.kernel !== undefined) {
    const { modules, cmdline: commandLine } = kernel ?? {};
    await layKernel(host, input.kernel, { modules, commandLine, component, mtimeSeconds, read });
    return;
  }
  const layers = kernel === undefined ? undefined : input.roots.get(kernel.image);
  if (kernel === undefined || layers === undefined) return;
  const { root: image } = await imageRoot(layers, { pin: lock.pins[kernel.image], component, mtimeSeconds, read });
  await layKernelImage(host, { image, kernel, component, mtimeSeconds, read });
}
