import { type ArchiveEntry, entryBytes } from './archive-chunks.js';

/**
 * Each piece that is compressed by itself costs a machine about 1 ms to unpack under emulation, and its first bytes
 * compress badly: measured, 40 MB of root in 560 segments instead of 12 take 0.8 s longer and 12 % more bytes.
 */
const SMALL_BYTES = 1 << 20;

/**
 * The parts of an archive, in their order, small neighbours put together up to 1 MiB. A larger part stays alone, so
 * where a part comes or goes the parts beyond the next large one stay as they are. Empty ones are left out.
 */
export function mergeSmall(parts: readonly (readonly ArchiveEntry[])[]): ArchiveEntry[][] {
  const merged: ArchiveEntry[][] = [];
  let openBytes = 0;
  for (const part of parts) {
    if (part.length === 0) continue;
    const bytes = part.reduce((total, entry) => total + entryBytes(entry), 0);
    const last = merged.at(-1);
    if (last !== undefined && openBytes + bytes <= SMALL_BYTES) {
      last.push(...part);
      openBytes += bytes;
    } else {
      merged.push([...part]);
      openBytes = bytes;
    }
  }
  return merged;
}
