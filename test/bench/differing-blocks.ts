import { open } from 'node:fs/promises';

/** Blocks of 512 KiB that differ between two files, and how many the second one has. */
export async function differingBlocks(before: string, after: string): Promise<{ differing: number; of: number }> {
  const BLOCK_BYTES = 512 * 1024;
  await using one = await open(before);
  await using other = await open(after);
  const [left, right] = [Buffer.alloc(BLOCK_BYTES), Buffer.alloc(BLOCK_BYTES)];
  const of = Math.ceil((await other.stat()).size / BLOCK_BYTES);
  let differing = 0;
  for (let block = 0; block < of; block += 1) {
    const position = block * BLOCK_BYTES;
    const a = (await one.read(left, 0, BLOCK_BYTES, position)).bytesRead;
    const b = (await other.read(right, 0, BLOCK_BYTES, position)).bytesRead;
    if (a !== b || !left.subarray(0, a).equals(right.subarray(0, b))) differing += 1;
  }
  return { differing, of };
}
