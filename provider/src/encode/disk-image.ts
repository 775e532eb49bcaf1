import { GPT_TAIL_SECTORS, gptHead, gptTail, SECTOR_BYTES } from '../format/gpt.js';
import type { BlockImage } from './block-image.js';
import { composeBlocks, type Placed } from './compose-blocks.js';
import { bytesImage } from './content-blocks.js';
import { DISK_ALIGN_BYTES, type DiskLayout, type DiskOptions, diskLayout, type Partition } from './disk-layout.js';

/** A disk with its partition table at both ends, and where its partitions lie. */
export interface DiskImage extends BlockImage {
  /** By offset. */
  readonly partitions: readonly Partition[];
}

/**
 * A disk that UEFI boots: table | metadata | ESP | hash tree | root | table. What describes the rest can be made after it:
 * encode the disk once with an unused image of the size that it will have, and again with what was found.
 */
export function encodeDiskImage(options: DiskOptions): DiskImage {
  return imageOfDisk(diskLayout(options), []);
}

/** @param between what lies in the first megabyte, behind the table; the rest of it is zeros. */
export function imageOfDisk({ sizeBytes, gpt, partitions }: DiskLayout, between: readonly Placed[]): DiskImage {
  // Whoever asks what a disk holds reads its beginning.
  const first = composeBlocks([{ offset: 0, image: bytesImage(gptHead(gpt)) }, ...between], {
    sizeBytes: DISK_ALIGN_BYTES,
    between: 'zero',
  });
  const tail = { offset: sizeBytes - GPT_TAIL_SECTORS * SECTOR_BYTES, image: bytesImage(gptTail(gpt)) };
  return {
    ...composeBlocks([{ offset: 0, image: first }, ...partitions, tail], { sizeBytes, between: 'unused' }),
    partitions: partitions.map(({ role, offset, sizeBytes: size }) => ({ role, offset, sizeBytes: size })),
  };
}
