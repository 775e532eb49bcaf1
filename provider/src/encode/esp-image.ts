import { FormatError } from '../format/error.js';
import { type FatFile, fatLayout } from '../format/fat.js';
import { hexOf, sha256 } from '../model/digest.js';
import type { BlockImage } from './block-image.js';
import { composeBlocks, type Placed } from './compose-blocks.js';
import { bytesImage, emptyImage } from './content-blocks.js';
import { upToDouble, upToEighth } from './quantize.js';

/** An EFI system partition: UEFI 2.10 section 13.3. */
export interface EspOptions {
  /** Of the image, and of the output format: what the volume's id is made of. */
  readonly name: string;
  readonly format: string;
  readonly files: readonly EspFile[];
  /** Default: espSizeBytes(). */
  readonly sizeBytes?: number;
}

export interface EspFile {
  /** Relative, such as `EFI/BOOT/BOOTX64.EFI`; its folders are made. */
  readonly path: string;
  readonly image: BlockImage;
}

const MIB = 1 << 20;
/** As mkfs.fat and installers make it; and enough for FAT32, which all firmware reads. */
const LEAST_BYTES = 64 * MIB;
/** A block of a cloud's snapshot. A file that grows within its last one changes no other. */
const ALIGN_BYTES = 512 * 1024;
const LABEL = 'ESP';
/** What FAT can hold: a file that has that size has no room to grow. */
const LARGEST_FILE_BYTES = 2 ** 32 - 1;

/**
 * A FAT volume that holds the files. Its size does not follow from theirs but by steps, so what lies behind it stays
 * where it is. Free clusters are unused; the free part of the table is zeros that are read.
 * @throws {FormatError} `too-large` if the files do not fit; `out-of-range` for a name or size that FAT cannot hold.
 */
export function espImage({ name, format, files, sizeBytes = espSizeBytes(files) }: EspOptions): BlockImage {
  const layout = fatLayout({
    sizeBytes,
    volumeId: Number.parseInt(hexOf(sha256(`esp\0${format}\0${name}`)).slice(0, 8), 16),
    label: LABEL,
    files: files.map(fatFileOf),
    alignBytes: ALIGN_BYTES,
  });
  const images = new Map(files.map(({ path, image }) => [path, image]));
  const parts: Placed[] = [
    ...layout.tables.map(({ offset, bytes }) => ({ offset, image: bytesImage(bytes) })),
    ...layout.bodies.map(({ path, offset }) => ({ offset, image: images.get(path) as BlockImage })),
    ...layout.free.map((span) => ({ offset: span.offset, image: emptyImage(span.sizeBytes, 'unused') })),
  ];
  parts.sort((a, b) => a.offset - b.offset);
  return composeBlocks(parts, { sizeBytes, between: 'zero' });
}

/** 64 MiB, 128 MiB, 256 MiB and so on: the first that holds the files when they have grown by an eighth. */
export function espSizeBytes(files: readonly EspFile[]): number {
  const total = files.reduce((sum, { image }) => sum + upToEighth(image.sizeBytes), 0);
  let sizeBytes = upToDouble(total, LEAST_BYTES);
  while (!fits(files.map(withRoom), sizeBytes)) sizeBytes *= 2;
  return sizeBytes;
}

/** The least by steps of an eighth that holds the files: for what is copied as a whole, such as an ISO image. */
export function tightEspSizeBytes(files: readonly EspFile[]): number {
  let sizeBytes = upToEighth(
    Math.max(
      files.reduce((sum, { image }) => sum + image.sizeBytes, 0),
      4 * MIB,
    ),
  );
  while (!fits(files.map(fatFileOf), sizeBytes)) sizeBytes = upToEighth(sizeBytes + 1);
  return sizeBytes;
}

function fatFileOf({ path, image }: EspFile): FatFile {
  return { path, sizeBytes: image.sizeBytes };
}

function withRoom({ path, image }: EspFile): FatFile {
  const roomBytes = Math.min(Math.ceil((image.sizeBytes * 9) / 8), LARGEST_FILE_BYTES);
  return { path, sizeBytes: Math.max(image.sizeBytes, roomBytes) };
}

function fits(files: readonly FatFile[], sizeBytes: number): boolean {
  try {
    fatLayout({ sizeBytes, volumeId: 0, label: LABEL, files, alignBytes: ALIGN_BYTES });
    return true;
  } catch (error) {
    if (error instanceof FormatError && error.code === 'too-large') return false;
    throw error;
  }
}
