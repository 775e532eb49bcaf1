import { FormatError } from './error.js';
import { DIRECTORY_ENTRY_BYTES } from './fat-geometry.js';
import { needsLongName, type ShortName } from './fat-name.js';

/** Directories: Microsoft's "FAT: General Overview of On-Disk Format" 1.03, "FAT Directory Structure". */

/** What a directory says of one thing in it. */
export interface FatDirectoryEntry {
  readonly name: string;
  readonly short: ShortName;
  readonly isFolder: boolean;
  /** The first; 0 for an empty file. */
  readonly cluster: number;
  /** 0 for a folder. */
  readonly sizeBytes: number;
}

const ATTRIBUTE = { volumeId: 0x08, directory: 0x10, archive: 0x20, longName: 0x0f } as const;
/** "Date and Time Formats": 1 January 1980, the first day there is, at midnight. */
const FIRST_DATE = (0 << 9) | (1 << 5) | 1;
const MIDNIGHT = 0;
/** "Long Directory Entries": characters in each, and where. */
const LONG_UNITS = 13;
const LONG_PLACES = [
  { at: 1, bytes: 10 },
  { at: 14, bytes: 12 },
  { at: 28, bytes: 4 },
];
const LAST_LONG_ENTRY = 0x40;
/** "DIR_FileSize" has 32 bits. */
const LARGEST_FILE = 0xffff_ffff;
/** The length of a folder is known by its clusters alone, and must not be more than this. */
const LARGEST_FOLDER = 65536 * DIRECTORY_ENTRY_BYTES;

/** The bytes of a folder that has these, without `.` and `..`. */
export function directoryBytes(entries: readonly FatDirectoryEntry[]): Buffer {
  return Buffer.concat(entries.flatMap(entryBytes));
}

/**
 * How long directoryBytes() will be, for these names.
 * @throws {FormatError} `too-large` for more than a folder can hold.
 */
export function directorySize(names: readonly string[]): number {
  const entries = names.reduce((count, name) => count + 1 + (needsLongName(name) ? longEntries(name) : 0), 0);
  const sizeBytes = entries * DIRECTORY_ENTRY_BYTES;
  if (sizeBytes > LARGEST_FOLDER - 2 * DIRECTORY_ENTRY_BYTES) {
    throw new FormatError('too-large', `Cannot write a FAT folder of ${entries} entries: wanted 65534 at most`);
  }
  return sizeBytes;
}

/** What a folder other than the root begins with. The parent's cluster is 0 if that is the root. */
export function dotEntries({ self, parent }: { readonly self: number; readonly parent: number }): Buffer {
  return Buffer.concat([shortEntry('.', ATTRIBUTE.directory, self), shortEntry('..', ATTRIBUTE.directory, parent)]);
}

/** What the root begins with: "FAT Volume Initialization", the label that BS_VolLab has too. */
export function labelEntry(label: string): Buffer {
  return shortEntry(label, ATTRIBUTE.volumeId, 0);
}

function entryBytes({ name, short, isFolder, cluster, sizeBytes }: FatDirectoryEntry): Buffer[] {
  if (sizeBytes > LARGEST_FILE) {
    throw new FormatError(
      'out-of-range',
      `Cannot write ${JSON.stringify(name)} to a FAT volume: sizeBytes ${sizeBytes} does not fit; wanted less than 4 GiB`,
      { context: { path: name, property: 'sizeBytes' } },
    );
  }
  const own = shortEntry(short, isFolder ? ATTRIBUTE.directory : ATTRIBUTE.archive, cluster, sizeBytes);
  return needsLongName(name) ? [...longNameEntries(name, short), own] : [own];
}

function shortEntry(short: string, attributes: number, cluster: number, sizeBytes = 0): Buffer {
  const entry = Buffer.alloc(DIRECTORY_ENTRY_BYTES);
  entry.write(short.padEnd(11), 0, 'latin1'); // DIR_Name
  entry.writeUInt8(attributes, 11); // DIR_Attr
  entry.writeUInt16LE(MIDNIGHT, 14); // DIR_CrtTime
  entry.writeUInt16LE(FIRST_DATE, 16); // DIR_CrtDate
  entry.writeUInt16LE(FIRST_DATE, 18); // DIR_LstAccDate
  entry.writeUInt16LE(cluster >>> 16, 20); // DIR_FstClusHI
  entry.writeUInt16LE(MIDNIGHT, 22); // DIR_WrtTime
  entry.writeUInt16LE(FIRST_DATE, 24); // DIR_WrtDate
  entry.writeUInt16LE(cluster & 0xffff, 26); // DIR_FstClusLO
  entry.writeUInt32LE(sizeBytes, 28); // DIR_FileSize
  return entry;
}

function longEntries(name: string): number {
  return Math.ceil(name.length / LONG_UNITS);
}

/** "Organization and Association of Short & Long Directory Entries": the last part of the name comes first. */
function longNameEntries(name: string, short: ShortName): Buffer[] {
  const count = longEntries(name);
  // A NUL ends a name that does not fill its entries, and FFFF fills them.
  const units = Buffer.alloc(count * LONG_UNITS * 2, 0xff);
  units.write(name.length % LONG_UNITS === 0 ? name : `${name}\0`, 0, 'utf16le');
  const checksum = checksumOf(short);
  return Array.from({ length: count }, (_, index) => {
    const order = count - index;
    const part = units.subarray((order - 1) * LONG_UNITS * 2, order * LONG_UNITS * 2);
    const entry = Buffer.alloc(DIRECTORY_ENTRY_BYTES);
    entry.writeUInt8(index === 0 ? order | LAST_LONG_ENTRY : order, 0); // LDIR_Ord
    entry.writeUInt8(ATTRIBUTE.longName, 11); // LDIR_Attr
    entry.writeUInt8(checksum, 13); // LDIR_Chksum
    let taken = 0;
    for (const { at, bytes } of LONG_PLACES) {
      part.copy(entry, at, taken, taken + bytes);
      taken += bytes;
    }
    return entry;
  });
}

/** "ChkSum()". */
function checksumOf(short: ShortName): number {
  let sum = 0;
  for (const byte of Buffer.from(short, 'latin1')) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}
