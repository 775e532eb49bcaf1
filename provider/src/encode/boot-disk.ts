import { createHash } from 'node:crypto';
import type { Signer } from '../format/cms.js';
import { guidOfName } from '../format/guid.js';
import { ROOT_FILE, rootArguments } from '../model/boot.js';
import { architectureOf, type Platform } from '../model/platform.js';
import type { Content, Tree } from '../model/tree.js';
import { blockDigests, DISK_BLOCK_BYTES } from './block-digests.js';
import type { BlockImage } from './block-image.js';
import { bootParts } from './boot-parts.js';
import { emptyImage } from './content-blocks.js';
import type { BytesOptions, EncodeContext } from './context.js';
import { type DiskImage, encodeDiskImage } from './disk-image.js';
import { type DiskOptions, partitionGuid } from './disk-layout.js';
import { type ErofsRootImage, encodeErofsRoot } from './erofs-root.js';
import { EncodeError } from './error.js';
import { type EspFile, espImage, tightEspSizeBytes } from './esp-image.js';
import { carrying, contentImage, initrdImage } from './initrd-image.js';
import { encodeIsoImage } from './iso-image.js';
import { type MetadataFile, metadataImage } from './metadata-image.js';
import { encodeUki, type UkiImage } from './uki-image.js';
import { type VerityImage, verityImage } from './verity-image.js';

export interface BootOptions extends Pick<BytesOptions, 'trusting'> {
  /** What all identifiers are made of: the same from build to build of what is the same machine. */
  readonly name: string;
  readonly platform: Platform;
  /** As the spec says it; where the root is comes behind it. */
  readonly commandLine: string;
  /**
   * `disk`: the root is an EROFS in a partition of its own, checked by dm-verity. `ram`: the same, carried in the
   * initramfs. `initramfs`: the root is unpacked into memory, for an init of LinuxKit's.
   */
  readonly root: 'disk' | 'ram' | 'initramfs';
  /** Of a root that is an EROFS: what finds it. */
  readonly initramfs?: Tree;
  /** systemd's EFI stub. */
  readonly stub: Content;
  readonly osRelease?: string;
  readonly uname?: string;
  /** Without one nothing is signed, and firmware with Secure Boot refuses it. */
  readonly signer?: Signer;
}

export interface BootDiskOptions extends BootOptions, Pick<DiskOptions, 'addBytes' | 'sizeMultipleBytes'> {
  /** What the disk says of itself, beside the digests of its blocks. */
  readonly metadata: readonly MetadataFile[];
}

/** A disk that UEFI boots, and what is known of its boot. */
export interface BootDisk {
  readonly disk: DiskImage;
  readonly uki: UkiImage;
  readonly commandLine: string;
  readonly verity?: VerityImage;
}

/**
 * The disk formats that differ in their container alone say the same of themselves, so that what was found of one
 * (digests of blocks, hash trees) serves all.
 */
const FORMAT = 'disk';
const ISO_FORMAT = 'iso';

/**
 * A disk that UEFI boots: a UKI in the ESP, and behind it the hash tree and the root. Only what changed since a part was
 * kept is read and hashed again.
 * @throws {EncodeError} `no-kernel`, `bad-tree`, `unrepresentable`.
 */
export async function encodeBootDisk(tree: Tree, options: BootDiskOptions, context: EncodeContext): Promise<BootDisk> {
  const { name, platform, addBytes, sizeMultipleBytes, metadata } = options;
  const { files, uki, commandLine, root, verity } = await bootFiles(tree, options, context);
  const esp = espImage({ name, format: FORMAT, files });
  const disk = (description: BlockImage, what: 'written' | 'compared'): DiskImage =>
    encodeDiskImage({
      ...{ name, format: FORMAT, platform, esp, metadata: description },
      ...(root ? { root: what === 'written' ? root : root.compared } : {}),
      ...(verity ? { verity: verity.hashTree } : {}),
      ...(addBytes === undefined ? {} : { addBytes }),
      ...(sizeMultipleBytes === undefined ? {} : { sizeMultipleBytes }),
    });
  return {
    ...{ disk: await describeDisk(disk, { files: metadata, salt: verity?.salt }, context), uki, commandLine },
    ...(verity ? { verity } : {}),
  };
}

/**
 * A CD, or a USB stick, that UEFI boots: all of it is in the UKI.
 * @throws {EncodeError} as encodeBootDisk() does.
 */
export async function encodeBootIso(tree: Tree, options: BootOptions, context: EncodeContext): Promise<BlockImage> {
  const { name, platform } = options;
  const { files } = await bootFiles(tree, options, context);
  const esp = espImage({ name, format: ISO_FORMAT, files, sizeBytes: tightEspSizeBytes(files) });
  return encodeIsoImage({ name, format: ISO_FORMAT, platform, esp });
}

/** An EFI program for a platform's firmware to find by itself: UEFI 2.10 section 3.5.1.1. */
const BOOT_FILES = { amd64: 'EFI/BOOT/BOOTX64.EFI', arm64: 'EFI/BOOT/BOOTAA64.EFI' } as const;

interface BootFiles {
  readonly files: readonly EspFile[];
  readonly uki: UkiImage;
  readonly commandLine: string;
  readonly root?: ErofsRootImage;
  readonly verity?: SaltedVerity;
}

/** What firmware starts, and what that reads. */
export async function bootFiles(tree: Tree, options: BootOptions, context: EncodeContext): Promise<BootFiles> {
  const { kernel, microcode, root: rootTree } = bootParts(tree);
  const { root, verity, initramfs, words } = await placeRoot(rootTree, options, context);
  const commandLine = [options.commandLine, words].filter((part) => part !== '').join(' ');
  const uki = await encodeUki(
    {
      stub: contentImage(options.stub, context),
      kernel: contentImage(kernel.content, context),
      initrds: [await initrdImage(initramfs, context)],
      commandLine,
      ...(microcode ? { microcode: contentImage(microcode.content, context) } : {}),
      ...(options.osRelease === undefined ? {} : { osRelease: options.osRelease }),
      ...(options.uname === undefined ? {} : { uname: options.uname }),
      ...(options.signer ? { signer: options.signer } : {}),
    },
    context,
  );
  const path = BOOT_FILES[architectureOf(options.platform)];
  return {
    ...{ files: [{ path, image: uki.image }], uki, commandLine },
    ...(root ? { root } : {}),
    ...(verity ? { verity } : {}),
  };
}

interface PlacedRoot {
  readonly initramfs: Tree;
  /** For the command line. */
  readonly words: string;
  readonly root?: ErofsRootImage;
  readonly verity?: SaltedVerity;
}

type SaltedVerity = VerityImage & { readonly salt: Uint8Array };

async function placeRoot(tree: Tree, options: BootOptions, context: EncodeContext): Promise<PlacedRoot> {
  const { name } = options;
  if (options.root === 'initramfs') return { initramfs: tree, words: '' };
  const { initramfs } = options;
  if (initramfs === undefined) {
    throw new EncodeError('bad-tree', 'Cannot encode a disk: there is no initramfs that finds its root');
  }
  const root = await encodeErofsRoot(tree, { name, trusting: options.trusting === true }, context);
  if (options.root === 'ram') {
    return { initramfs: await withRootInside(initramfs, root.compared, context), words: rootArguments({ in: 'ram' }) };
  }
  const identity = { name, format: FORMAT };
  const salt = createHash('sha256').update(`ingot verity salt\0${name}`).digest();
  const verity = await verityImage(root.compared, { salt, uuid: guidOfName(`ingot verity\0${name}`) }, context);
  const words = rootArguments({
    in: 'partition',
    guid: partitionGuid('root', identity),
    verity: {
      guid: partitionGuid('verity', identity),
      rootHash: verity.rootHash,
      salt: verity.saltHex,
      blocks: verity.blocks,
    },
  });
  return { initramfs, words, root, verity: { ...verity, salt } };
}

/** The initramfs of `root: ram`: the root is a file in it, which is not unpacked. */
export async function withRootInside(initramfs: Tree, root: BlockImage, context: EncodeContext): Promise<Tree> {
  return carrying(initramfs, { path: ROOT_FILE, image: root, key: imageKey(root) }, context);
}

/** All that decides the bytes of an image that consists of regions: what lies between them follows from them. */
function imageKey({ sizeBytes, regions }: BlockImage): string {
  const hash = createHash('sha256');
  for (const { key, offset, sizeBytes: size } of regions) hash.update(`${key} ${offset} ${size}\n`);
  return `root-file/1 ${sizeBytes} ${hash.digest('hex')}`;
}

/** The name of the digests among the files of the metadata partition. */
const DIGESTS_FILE = 'blocks.sha256';
const DIGEST_BYTES = 32;

/** Puts the digests of all blocks but its own into the partition that describes the disk. */
async function describeDisk(
  diskWith: (metadata: BlockImage, what: 'written' | 'compared') => DiskImage,
  { files, salt = Buffer.alloc(0) }: { readonly files: readonly MetadataFile[]; readonly salt: Uint8Array | undefined },
  context: EncodeContext,
): Promise<DiskImage> {
  const described = (digests: Uint8Array): BlockImage =>
    metadataImage([...files, { name: DIGESTS_FILE, bytes: digests }]);
  // The digests of a larger disk are longer, and may make it larger still.
  let length = 0;
  for (;;) {
    const blank = emptyImage(described(Buffer.alloc(length)).sizeBytes, 'unused');
    const disk = diskWith(blank, 'compared');
    const wanted = Math.ceil(disk.sizeBytes / DISK_BLOCK_BYTES) * DIGEST_BYTES;
    if (wanted === length) {
      const own = disk.partitions.find(({ role }) => role === 'metadata');
      return diskWith(described(await blockDigests(disk, { without: own, salt }, context)), 'written');
    }
    length = Math.max(length, wanted);
  }
}
