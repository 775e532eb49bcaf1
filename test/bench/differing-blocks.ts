import { type FileHandle, open } from 'node:fs/promises';
import { GPT_HEAD_SECTORS, type GptPartition, readGpt, SECTOR_BYTES } from '../../provider/src/format/gpt.js';

/** What a cloud's snapshot counts. */
export const BLOCK_BYTES = 512 * 1024;

export interface DifferingBlocks {
  readonly differing: number;
  /** How many the second disk has. */
  readonly of: number;
  /** How many of those that differ lie where: by label of the partition, in the order of the disk. */
  readonly places: Readonly<Record<string, number>>;
}

/** Blocks of 512 KiB that differ between two raw disks with a partition table. */
export async function differingBlocks(before: string, after: string): Promise<DifferingBlocks> {
  await using one = await open(before);
  await using other = await open(after);
  const [left, right] = [Buffer.alloc(BLOCK_BYTES), Buffer.alloc(BLOCK_BYTES)];
  const partitions = await partitionsOf(other);
  const of = Math.ceil((await other.stat()).size / BLOCK_BYTES);
  const places: Record<string, number> = {};
  let differing = 0;
  for (let block = 0; block < of; block += 1) {
    const position = block * BLOCK_BYTES;
    const a = (await one.read(left, 0, BLOCK_BYTES, position)).bytesRead;
    const b = (await other.read(right, 0, BLOCK_BYTES, position)).bytesRead;
    if (a === b && left.subarray(0, a).equals(right.subarray(0, b))) continue;
    differing += 1;
    const place = placeOf(position / SECTOR_BYTES, partitions);
    places[place] = (places[place] ?? 0) + 1;
  }
  return { differing, of, places };
}

async function partitionsOf(disk: FileHandle): Promise<readonly GptPartition[]> {
  const head = Buffer.alloc(GPT_HEAD_SECTORS * SECTOR_BYTES);
  await disk.read(head, 0, head.length, 0);
  return readGpt(head).partitions;
}

function placeOf(lba: number, partitions: readonly GptPartition[]): string {
  return partitions.find(({ startLba, endLba }) => startLba <= lba && lba <= endLba)?.name ?? 'table';
}
