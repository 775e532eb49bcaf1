import { MODE_TYPE } from './mode.js';

/** One entry as it stands in an archive: for tests only. */
export interface ReadCpioEntry {
  readonly name: string;
  readonly inode: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly mtimeSeconds: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly specialMajor: number;
  readonly specialMinor: number;
  readonly body: Buffer;
}

/** Reads a whole newc archive, the end mark included, by the format's description and nothing else. */
export function readCpio(archive: Buffer): ReadCpioEntry[] {
  const entries: ReadCpioEntry[] = [];
  for (let at = 0; at < archive.length; ) {
    if (archive[at] === 0) {
      at += 1;
      continue;
    }
    const magic = archive.toString('latin1', at, at + 6);
    if (magic !== '070701') throw new Error(`no entry at ${at}: ${JSON.stringify(magic)}`);
    const start = at;
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', start + 6 + 8 * index, start + 14 + 8 * index), 16);
    const nameEnd = at + 110 + field(11);
    const name = archive.toString('utf8', at + 110, nameEnd - 1);
    const bodyStart = nameEnd + ((4 - (nameEnd % 4)) % 4);
    const bodyEnd = bodyStart + field(6);
    at = bodyEnd + ((4 - (bodyEnd % 4)) % 4);
    if (at > archive.length) throw new Error(`${name} is cut off`);
    entries.push({
      name,
      inode: field(0),
      mode: field(1),
      uid: field(2),
      gid: field(3),
      linkCount: field(4),
      mtimeSeconds: field(5),
      deviceMajor: field(7),
      deviceMinor: field(8),
      specialMajor: field(9),
      specialMinor: field(10),
      body: archive.subarray(bodyStart, bodyEnd),
    });
  }
  return entries;
}

export function isFolder(entry: ReadCpioEntry): boolean {
  return (entry.mode & MODE_TYPE.mask) === MODE_TYPE.directory;
}
