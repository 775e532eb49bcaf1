import type { Content, Tree } from '../model/tree.js';
import type { BlockImage } from './block-image.js';
import { concatenateBlocks } from './compose-blocks.js';
import { bytesImage, storedImage } from './content-blocks.js';
import type { EncodeContext } from './context.js';
import { ownBytes } from './image-file.js';
import { compressedSegments, segmentsOf } from './kernel-initrd.js';

/**
 * A root that is unpacked into memory, as one compressed initramfs: what is in it is compressed, and kept, component by
 * component.
 * @throws {EncodeError} `unrepresentable`, `bad-tree`.
 */
export async function initrdImage(root: Tree, context: EncodeContext): Promise<BlockImage> {
  const images: BlockImage[] = [];
  for await (const range of compressedSegments(segmentsOf(root), 'zstd', context)) {
    context.signal.throwIfAborted();
    images.push(storedImage(range, context));
  }
  return concatenateBlocks(images);
}

/** The bytes of a file of a tree. */
export function contentImage(content: Content, context: EncodeContext): BlockImage {
  return 'bytes' in content ? bytesImage(content.bytes) : storedImage(content, context);
}

/** An initramfs that carries a file system as a file, which it lays at that path of its own root. */
export async function carrying(
  initramfs: Tree,
  { path, image, key }: { readonly path: string; readonly image: BlockImage; readonly key: string },
  context: EncodeContext,
): Promise<Tree> {
  const range = await context.memo(key, () => ownBytes(image));
  const content = { ...range, sha256: range.blob };
  const component = 'root';
  const entry = { path, type: 'file', mode: 0o400, uid: 0, gid: 0, mtimeSeconds: 0, content, component } as const;
  const entries = [...initramfs.entries, entry].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries, components: [...initramfs.components, { id: component, kind: 'files' }] };
}
