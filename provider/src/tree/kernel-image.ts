import { FormatError } from '../format/error.js';
import { type TarEntry, TarReader } from '../format/tar-reader.js';
import type { BlobRange, Kernel, Layer, LayerEntry } from '../model/index.js';
import { TreeError } from './error.js';
import { layDown } from './flatten.js';
import { generated } from './generated.js';
import { type Folder, find, type Leaf, newFile, plainFolder, put, type Read } from './root.js';

export interface KernelImageOptions {
  /** The root file system of the image. */
  readonly image: Folder;
  readonly kernel: Kernel;
  readonly component: string;
  readonly mtimeSeconds: number;
  readonly read: Read;
}

const BINARY = 'kernel';
const ARCHIVE = 'kernel.tar';
const READ_BYTES = 1 << 20;

/**
 * Lays the kernel of an image into the root as LinuxKit does: `boot/kernel`, `boot/cmdline`, `boot/ucode.cpio` where
 * one is asked for, and all that is in the archive of the kernel, which is its modules. Nothing else of the image is
 * used. Modules find their place through the links that the root has, and take no link's place.
 * @throws {TreeError} `no-kernel`, `bad-layer`.
 */
export async function layKernelImage(root: Folder, options: KernelImageOptions): Promise<void> {
  const { kernel, component, mtimeSeconds, read } = options;
  const shared = plainFolder(component, mtimeSeconds);
  if (kernel.modules !== undefined) {
    throw new TreeError(
      'bad-kernel',
      `Cannot choose modules of ${kernel.image}: that works with packages alone; leave \`modules\` out, or take a kernel such as deb:linux-image-cloud-amd64`,
      { property: 'kernel.modules' },
    );
  }
  const boot = (name: string, file: Leaf) => put(root, `boot/${name}`, { ...file, component, mtimeSeconds }, shared);
  boot('kernel', fileOf(options, { path: kernel.binary || BINARY, property: 'binary' }));
  if (kernel.cmdline !== undefined) {
    put(root, 'boot/cmdline', newFile(generated(kernel.cmdline), { ...shared, mode: 0o644 }), shared);
  }
  if (kernel.ucode) boot('ucode.cpio', fileOf(options, { path: kernel.ucode, property: 'ucode' }));
  const path = kernel.tar ?? ARCHIVE;
  if (path === '' || path === 'none') return;
  const entries = await entriesIn(fileOf(options, { path, property: 'tar' }), { path, read });
  layDown(root, { digest: EMPTY_DIGEST, entries }, { kind: 'package', component, shared });
}

/** The entries alone say where their bytes are. */
const EMPTY_DIGEST: Layer['digest'] = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function fileOf(
  { image, kernel }: KernelImageOptions,
  { path, property }: { readonly path: string; readonly property: 'binary' | 'tar' | 'ucode' },
): Leaf {
  const node = find(image, path);
  if (node?.type === 'file') return node;
  const advice = property === 'tar' ? 'set `tar` to its name, or to none' : `set \`${property}\` to its name`;
  throw new TreeError('no-kernel', `Cannot use ${kernel.image} as the kernel: it has no file ${path}; ${advice}`, {
    property: `kernel.${kernel[property] === undefined ? 'image' : property}`,
    want: path,
  });
}

/** The entries of an archive within a layer. Their content stays where it lies. */
async function entriesIn(
  { content }: Leaf,
  { path, read }: { readonly path: string; readonly read: Read },
): Promise<LayerEntry[]> {
  if (content === undefined || 'bytes' in content) return [];
  const reader = new TarReader();
  try {
    for (let done = 0; done < content.sizeBytes; done += READ_BYTES) {
      const sizeBytes = Math.min(READ_BYTES, content.sizeBytes - done);
      reader.push(await read({ blob: content.blob, offset: content.offset + done, sizeBytes }));
    }
    return reader
      .finish()
      .filter((entry) => entry.path !== '')
      .map((entry) => layerEntry(entry, content));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new TreeError('bad-layer', `Cannot unpack ${path} of the kernel: ${error.message}`, { path });
  }
}

function layerEntry({ content, xattrs, ...attributes }: TarEntry, within: BlobRange): LayerEntry {
  return {
    ...attributes,
    ...(xattrs === undefined
      ? {}
      : {
          xattrs: Object.fromEntries(
            Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
          ),
        }),
    ...(content === undefined
      ? {}
      : { content: { ...content, blob: within.blob, offset: within.offset + content.offset } }),
  };
}
