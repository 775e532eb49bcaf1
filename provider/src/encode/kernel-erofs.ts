import { ROOT_SERIAL, rootArguments } from '../model/boot.js';
import type { Tree } from '../model/tree.js';
import { contentBytes } from './archive.js';
import { bootParts } from './boot-parts.js';
import type { BytesOptions, EncodeContext, EncodedFile } from './context.js';
import { encodeErofsRoot } from './erofs-root.js';
import { imageFile } from './image-file.js';
import { initrdImage } from './initrd-image.js';

export interface KernelErofsOptions extends Pick<BytesOptions, 'trusting'> {
  readonly name: string;
  readonly commandLine: string;
  /** What finds the root. */
  readonly initramfs: Tree;
}

/**
 * What a hypervisor loads, and a disk beside it: roles `kernel`, `initrd`, `cmdline`, and `erofs`, a root without a
 * partition table for a virtio disk with the serial number `ingot-root`. Nothing is unpacked but the small initramfs,
 * whatever the size of the root.
 * @throws {EncodeError} `no-kernel`, `bad-tree`, `unrepresentable`.
 */
export async function encodeKernelErofs(
  tree: Tree,
  options: KernelErofsOptions,
  context: EncodeContext,
): Promise<EncodedFile[]> {
  const { kernel, root: rootTree } = bootParts(tree);
  const root = await encodeErofsRoot(rootTree, { name: options.name, trusting: options.trusting === true }, context);
  const initrd = await initrdImage(options.initramfs, context);
  const commandLine = `${options.commandLine} ${rootArguments({ in: 'disk', serial: ROOT_SERIAL })}`.trim();
  return [
    { role: 'kernel', bytes: () => contentBytes(kernel.path, kernel.content, context) },
    imageFile('initrd', initrd),
    imageFile('erofs', root),
    {
      role: 'cmdline',
      bytes: async function* () {
        yield Buffer.from(commandLine);
      },
    },
  ];
}
