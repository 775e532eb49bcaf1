import type { FatLayout } from './fat.js';

/** A reader of small FAT volumes, written from the specification and not from the writer: path to bytes. */
export function readFat(volume: Buffer): Map<string, Buffer> {
  const sector = volume.readUInt16LE(11);
  const cluster = sector * volume.readUInt8(13);
  const fat = volume.readUInt16LE(14) * sector;
  const short = volume.readUInt16LE(22);
  const fatBytes = (short === 0 ? volume.readUInt32LE(36) : short) * sector;
  const rootBytes = volume.readUInt16LE(17) * 32;
  const root = fat + volume.readUInt8(16) * fatBytes;
  const data = root + rootBytes;
  const isLarge = short === 0;
  if (!volume.subarray(fat, fat + fatBytes).equals(volume.subarray(fat + fatBytes, fat + 2 * fatBytes))) {
    throw new Error('the FATs differ');
  }
  const next = (at: number) =>
    isLarge ? volume.readUInt32LE(fat + at * 4) & 0x0fffffff : volume.readUInt16LE(fat + at * 2);
  const isEnd = (at: number) => at >= (isLarge ? 0x0ffffff8 : 0xfff8);
  const chain = (first: number): Buffer => {
    const parts: Buffer[] = [];
    for (let at = first; at !== 0 && !isEnd(at); at = next(at)) {
      if (at < 2) throw new Error(`a chain leads to cluster ${at}`);
      parts.push(volume.subarray(data + (at - 2) * cluster, data + (at - 1) * cluster));
    }
    return Buffer.concat(parts);
  };
  const files = new Map<string, Buffer>();
  const walk = (folder: Buffer, path: string): void => {
    let long: Buffer[] = [];
    for (let at = 0; at < folder.length && folder[at] !== 0; at += 32) {
      const entry = folder.subarray(at, at + 32);
      const attributes = entry.readUInt8(11);
      if (attributes === 0x0f) {
        long.unshift(Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]));
        continue;
      }
      const units = Buffer.concat(long)
        .toString('utf16le')
        .split('\0')[0]
        ?.replace(/\uffff+$/, '');
      long = [];
      const text = entry.toString('latin1', 0, 11);
      const plain = `${text.slice(0, 8).trimEnd()}.${text.slice(8).trimEnd()}`.replace(/\.$/, '');
      if ((attributes & 0x08) !== 0 || plain === '' || text.startsWith('.')) continue;
      const own = path + (units || plain);
      const first = entry.readUInt16LE(26) + entry.readUInt16LE(20) * 65536;
      if ((attributes & 0x10) !== 0) walk(chain(first), `${own}/`);
      else files.set(own, chain(first).subarray(0, entry.readUInt32LE(28)));
    }
  };
  walk(isLarge ? chain(volume.readUInt32LE(44)) : volume.subarray(root, data), '');
  return files;
}

/** The volume of a layout with its files' bodies; what is free is filled with a byte that nobody may read. */
export function volumeOf(
  layout: FatLayout,
  { sizeBytes, files }: { readonly sizeBytes: number; readonly files: ReadonlyMap<string, Buffer> },
): Buffer {
  const volume = Buffer.alloc(sizeBytes);
  for (const { offset, sizeBytes: length } of layout.free) volume.fill(0xe5, offset, offset + length);
  for (const { offset, bytes } of layout.tables) bytes.copy(volume, offset);
  for (const { path, offset } of layout.bodies) files.get(path)?.copy(volume, offset);
  return volume;
}
