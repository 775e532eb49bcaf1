import type { BlockImage } from '../encode/block-image.js';
import type { BootDisk, BootOptions } from '../encode/boot-disk.js';
import type { EncodeContext, EncodedFile } from '../encode/context.js';
import type { Format } from '../model/artifact.js';
import { canonicalJson, type Json, shortDigest } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { type LockedImage, lockDigest } from '../model/lock.js';
import type { Tree } from '../model/tree.js';
import { type Assembled, assembledOf } from './assembled.js';
import { commandLineOf } from './command-line.js';
import { memo } from './memo.js';
import { openStub } from './open-stub.js';
import type { Workshop } from './workshop.js';

export type Compression = 'none' | 'zstd' | 'gzip';

/** What of an artifact is not decided by the lock and the format. */
export interface EncodeOptions {
  /** Of `kernel+initrd`. Default: `zstd`. */
  readonly compression?: Compression;
  /** Of `qcow2-efi`: compress what is in it, which takes seconds. Default: no. */
  readonly compress?: boolean;
  /** Room behind the last partition of a disk. Default: none. */
  readonly addBytes?: number;
  /** Of disks: signs what firmware starts. */
  readonly signer?: NonNullable<BootOptions['signer']>;
  /** Of disks, as in BytesOptions. */
  readonly trusting?: boolean;
}

export interface EncodedImage {
  readonly tree: Tree;
  readonly files: readonly EncodedFile[];
  /** Of a disk with a root of its own. */
  readonly disk?: BootDisk;
}

const GIB = 2 ** 30;

/** Lock → the files of an artifact, whose bytes are made when they are taken. */
export async function encodeImage(
  image: LockedImage,
  { format, ...options }: EncodeOptions & { readonly format: Format },
  workshop: Workshop,
): Promise<EncodedImage> {
  const assembled = await assembledOf(image, workshop);
  const encoded = await encodeTree(assembled, { format, ...options }, workshop);
  return { tree: assembled.tree, ...encoded };
}

async function encodeTree(
  assembled: Assembled,
  { format, ...options }: EncodeOptions & { readonly format: Format },
  workshop: Workshop,
): Promise<Omit<EncodedImage, 'tree'>> {
  const { image, tree } = assembled;
  const context = contextOf(workshop);
  const commandLine = commandLineOf(image.lock);
  const { platform, sourceDateEpoch } = image.lock;
  const container = { image: lockDigest(image.lock), platform, sourceDateEpoch };
  switch (format) {
    case 'tar': {
      const { encodeTar } = await import('../encode/tar.js');
      return { files: await encodeTar(tree, context) };
    }
    case 'oci': {
      const { encodeOci } = await import('../encode/oci-image.js');
      return { files: await encodeOci(tree, container, context) };
    }
    case 'oci-archive': {
      const { encodeOciArchive } = await import('../encode/oci-archive.js');
      return { files: await encodeOciArchive(tree, container, context) };
    }
    case 'docker-archive': {
      const { encodeDockerArchive } = await import('../encode/docker-archive.js');
      return { files: await encodeDockerArchive(tree, container, context) };
    }
    case 'kernel+initrd':
    case 'tar-kernel-initrd': {
      const { compression } = options;
      const carried = await rootInMemory(assembled, commandLine, context);
      const how = { commandLine: carried.commandLine, ...(compression ? { compression } : {}) };
      const make =
        format === 'kernel+initrd'
          ? (await import('../encode/kernel-initrd.js')).encodeKernelInitrd
          : (await import('../encode/tar-kernel-initrd.js')).encodeTarKernelInitrd;
      return { files: await make(carried.tree, { ...how, sourceDateEpoch }, context) };
    }
    case 'kernel+erofs': {
      const { encodeKernelErofs } = await import('../encode/kernel-erofs.js');
      const initramfs = await assembled.initramfs({ root: 'disk', verity: false });
      const name = nameOf(image);
      const trusting = options.trusting === true;
      return { files: await encodeKernelErofs(tree, { name, commandLine, initramfs, trusting }, context) };
    }
    case 'iso-efi': {
      const { encodeBootIso } = await import('../encode/boot-disk.js');
      const { imageFile } = await import('../encode/image-file.js');
      const iso = await encodeBootIso(tree, await bootOptions(assembled, 'ram', { options, workshop }), context);
      return { files: [imageFile(format, iso)] };
    }
    default:
      return diskFile(assembled, { format, ...options }, workshop);
  }
}

/** Disks with the root in a partition: they differ in their container alone. */
async function diskFile(
  assembled: Assembled,
  { format, ...options }: EncodeOptions & { readonly format: 'raw-efi' | 'qcow2-efi' | 'aws' | 'gcp' },
  workshop: Workshop,
): Promise<Omit<EncodedImage, 'tree'>> {
  const { encodeBootDisk } = await import('../encode/boot-disk.js');
  const { imageFile } = await import('../encode/image-file.js');
  const { image, tree } = assembled;
  const boot = await bootOptions(assembled, image.lock.spec.root ?? 'disk', { options, workshop });
  const whole = format === 'aws' || format === 'gcp' ? { sizeMultipleBytes: GIB } : {};
  const metadata = await metadataFiles(assembled, workshop);
  const { addBytes } = options;
  const disk = await encodeBootDisk(
    tree,
    { ...boot, ...whole, metadata, ...(addBytes === undefined ? {} : { addBytes }) },
    contextOf(workshop),
  );
  if (format === 'qcow2-efi') return { files: [imageFile(format, await qcow2Of(disk, options, workshop))], disk };
  if (format === 'gcp') {
    const { encodeGcpArchive } = await import('../encode/gcp-archive.js');
    return { files: [{ role: format, bytes: () => encodeGcpArchive(disk.disk, contextOf(workshop)) }], disk };
  }
  return { files: [imageFile(format, disk.disk)], disk };
}

async function qcow2Of({ disk }: BootDisk, { compress }: EncodeOptions, workshop: Workshop): Promise<BlockImage> {
  if (compress) {
    const { encodeCompressedQcow2Image } = await import('../encode/qcow2-compressed-image.js');
    return encodeCompressedQcow2Image(disk, contextOf(workshop));
  }
  const { encodeQcow2Image } = await import('../encode/qcow2-image.js');
  return encodeQcow2Image(disk);
}

/** What firmware starts, and what it says of itself. */
async function bootOptions(
  assembled: Assembled,
  root: 'disk' | 'ram',
  { options, workshop }: { readonly options: EncodeOptions; readonly workshop: Workshop },
): Promise<BootOptions> {
  const { image } = assembled;
  const { lock } = image;
  // An init of LinuxKit's wants its root unpacked.
  const place = lock.guest === null ? 'initramfs' : root;
  const initramfs =
    place === 'initramfs' ? undefined : await assembled.initramfs({ root: place, verity: place === 'disk' });
  return {
    ...{ name: nameOf(image), platform: lock.platform, commandLine: commandLineOf(lock), root: place },
    ...{ stub: await openStub(assembled, workshop), osRelease: osReleaseOf(image) },
    ...(initramfs ? { initramfs } : {}),
    ...(options.signer ? { signer: options.signer } : {}),
    ...(options.trusting ? { trusting: true } : {}),
  };
}

/** With `root: ram`, the root of an image with Ingot's own init is a file system in its initramfs. */
async function rootInMemory(
  assembled: Assembled,
  commandLine: string,
  context: EncodeContext,
): Promise<{ readonly tree: Tree; readonly commandLine: string }> {
  const { image, tree } = assembled;
  if (image.lock.spec.root !== 'ram' || image.lock.guest === null) return { tree, commandLine };
  const { withRootInside } = await import('../encode/boot-disk.js');
  const { bootParts } = await import('../encode/boot-parts.js');
  const { encodeErofsRoot } = await import('../encode/erofs-root.js');
  const { rootArguments } = await import('../model/boot.js');
  const { root: rootTree } = bootParts(tree);
  const root = await encodeErofsRoot(rootTree, { name: nameOf(image) }, context);
  const initramfs = await withRootInside(await assembled.initramfs({ root: 'ram', verity: false }), root, context);
  const inside = new Set(rootTree.entries);
  const components = new Map([...tree.components, ...initramfs.components].map((one) => [one.id, one]));
  const beside = tree.entries.filter((entry) => !inside.has(entry) && entry.path.startsWith('boot/'));
  const boot = tree.entries.filter(({ path }) => path === 'boot');
  const entries = [...initramfs.entries.filter(({ path }) => path !== 'boot'), ...boot, ...beside];
  return {
    tree: { entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)), components: [...components.values()] },
    commandLine: `${commandLine} ${rootArguments({ in: 'ram' })}`.trim(),
  };
}

/** What a disk says of itself: everything that decided its bytes, and what is in it. */
async function metadataFiles(assembled: Assembled, workshop: Workshop): Promise<{ name: string; bytes: Uint8Array }[]> {
  const { image, input, tree } = assembled;
  const { describe } = await import('../tree/contents.js');
  const { sbom } = await import('../tree/sbom/sbom.js');
  const { keptLicences } = await import('./kept-licences.js');
  const file = (name: string, json: Json) => ({ name, bytes: Buffer.from(`${canonicalJson(json)}\n`) });
  return [
    file('lock.json', image.lock as unknown as Json),
    file('contents.json', (await describe(tree, input)) as unknown as Json),
    file('sbom.spdx.json', await sbom(tree, { ...input, licences: await keptLicences(assembled, workshop) }, 'spdx')),
  ];
}

/** What identifiers of partitions and file systems are made of: they are to stay when what is in the image changes. */
function nameOf({ lock }: LockedImage): string {
  return lock.spec.hostname ?? 'ingot';
}

/** What boot menus show. */
function osReleaseOf({ lock }: LockedImage): string {
  const digest = shortDigest(lockDigest(lock));
  return `NAME="Ingot"\nID=ingot\nPRETTY_NAME="Ingot image ${digest}"\nIMAGE_VERSION="${digest}"\n`;
}

function contextOf(workshop: Workshop): EncodeContext {
  const { store, signal } = workshop;
  return {
    read: (range: BlobRange) => store.stream(range, signal),
    readInto: (range: BlobRange, target: Uint8Array) => store.readInto(range, target),
    memo: keeping((name, make) => memo(name, make, workshop)),
    signal,
  };
}

/** Parts are asked for several times while an image is encoded. */
function keeping(memo: EncodeContext['memo']): EncodeContext['memo'] {
  const known = new Map<string, Promise<BlobRange>>();
  return (name, make) => {
    let range = known.get(name);
    if (range === undefined) {
      range = memo(name, make);
      known.set(name, range);
      // What failed may be asked for again.
      range.catch(() => known.delete(name));
    }
    return range;
  };
}
