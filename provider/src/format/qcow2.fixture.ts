import { constants, inflateRawSync } from 'node:zlib';

/**
 * A reader of small qcow2 files, written from the documentation and not from the writer.
 * @throws if a cluster's count is not that of the references to it, or if the file has clusters that nobody refers to.
 */
export function readQcow2(file: Buffer): Buffer {
  const clusterBytes = 2 ** file.readUInt32BE(20);
  const sizeBytes = Number(file.readBigUInt64BE(24));
  const disk = Buffer.alloc(sizeBytes);
  const references = new Map<number, number>();
  const refer = (offset: number) => {
    if (offset % clusterBytes !== 0 || offset >= file.length) throw new Error(`a reference to ${offset}`);
    references.set(offset / clusterBytes, (references.get(offset / clusterBytes) ?? 0) + 1);
  };
  const place = (entry: bigint) => Number(entry & 0x00ff_ffff_ffff_fe00n);
  refer(0);
  const refcountTable = Number(file.readBigUInt64BE(48));
  const refcountClusters = file.readUInt32BE(56);
  for (let index = 0; index < refcountClusters; index += 1) refer(refcountTable + index * clusterBytes);
  const l1 = Number(file.readBigUInt64BE(40));
  const l1Entries = file.readUInt32BE(36);
  for (let index = 0; index < Math.ceil((l1Entries * 8) / clusterBytes); index += 1) refer(l1 + index * clusterBytes);
  const entries = clusterBytes / 8;
  for (let table = 0; table < l1Entries; table += 1) {
    const l2 = place(file.readBigUInt64BE(l1 + table * 8));
    if (l2 === 0) continue;
    refer(l2);
    for (let index = 0; index < entries; index += 1) {
      const entry = file.readBigUInt64BE(l2 + index * 8);
      if ((entry & (1n << 62n)) !== 0n) {
        const offset = Number(entry & ((1n << 54n) - 1n));
        const end = offset - (offset % 512) + (Number((entry >> 54n) & 0xffn) + 1) * 512;
        const first = Math.floor(offset / clusterBytes) * clusterBytes;
        for (let touched = first; touched < end; touched += clusterBytes) refer(touched);
        const cluster = inflateRawSync(file.subarray(offset, end), {
          finishFlush: constants.Z_SYNC_FLUSH,
          windowBits: 12,
        });
        cluster.copy(disk, (table * entries + index) * clusterBytes);
        continue;
      }
      const from = place(entry);
      if (from === 0) continue;
      refer(from);
      file.copy(disk, (table * entries + index) * clusterBytes, from, from + clusterBytes);
    }
  }
  const counts = new Map<number, number>();
  for (let at = refcountTable; at < refcountTable + refcountClusters * clusterBytes; at += 8) {
    const block = place(file.readBigUInt64BE(at));
    if (block === 0) continue;
    refer(block);
    const first = ((at - refcountTable) / 8) * (clusterBytes / 2);
    for (let index = 0; index < clusterBytes / 2; index += 1) {
      const count = file.readUInt16BE(block + index * 2);
      if (count !== 0) counts.set(first + index, count);
    }
  }
  const sorted = (map: Map<number, number>) => JSON.stringify([...map].sort(([a], [b]) => a - b));
  if (sorted(counts) !== sorted(references)) throw new Error('counts are not those of the references');
  if (references.size !== file.length / clusterBytes) throw new Error('the file has clusters that nobody refers to');
  return disk;
}
