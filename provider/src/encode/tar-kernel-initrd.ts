import { tarEnd, tarPadding } from '../format/tar-writer.js';
import type { Tree } from '../model/tree.js';
import type { EncodeContext, EncodedFile } from './context.js';
import { encodeKernelInitrd, type KernelInitrdOptions } from './kernel-initrd.js';
import { plainHeader } from './plain-tar.js';

/** LinuxKit's names, by role. */
const NAMES: Readonly<Record<string, string>> = { kernel: 'kernel', initrd: 'initrd.img', cmdline: 'cmdline' };

/**
 * The files of encodeKernelInitrd() in one tar, under LinuxKit's names: `kernel`, `initrd.img`, `cmdline`. The microcode
 * is the first part of `initrd.img`, where LinuxKit has it in a file of its own (`ucode.cpio`). Role: `tar`.
 * @throws {EncodeError} as encodeKernelInitrd() does.
 */
export async function encodeTarKernelInitrd(
  tree: Tree,
  options: KernelInitrdOptions & { readonly sourceDateEpoch: number },
  context: EncodeContext,
): Promise<EncodedFile[]> {
  const files = await encodeKernelInitrd(tree, options, context);
  return [{ role: 'tar', bytes: () => tarOf(files, options.sourceDateEpoch) }];
}

async function* tarOf(
  files: readonly EncodedFile[],
  mtimeSeconds: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { role, bytes } of files) {
    // A header says how long the file is: it is made once to know that, and kept; then it is only read.
    let sizeBytes = 0;
    for await (const chunk of bytes()) sizeBytes += chunk.byteLength;
    yield plainHeader(NAMES[role] ?? role, { type: 'file', sizeBytes, mtimeSeconds });
    yield* bytes();
    yield tarPadding(sizeBytes);
  }
  yield tarEnd();
}
