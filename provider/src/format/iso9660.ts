import { FormatError } from './error.js';

/**
 * The directory of a CD-ROM: ISO 9660, as ECMA-119 (4th edition) has it, cited below by its sections. One folder, names of
 * at most eight and three characters, all times 1 January 1980. Bodies of files are not copied: they are where the caller
 * says.
 */

export const ISO_BLOCK_BYTES = 2048;
/** Section 6.2.1: what lies before it is not the format's business. */
export const ISO_SYSTEM_AREA_BYTES = 16 * ISO_BLOCK_BYTES;

export interface IsoFile {
  /** Such as `ROOT.IMG`. */
  readonly name: string;
  /** A multiple of 2048. */
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface IsoOptions {
  /** At most 32 of A-Z, 0-9 and underscore. */
  readonly volumeId: string;
  /** Of the whole, a multiple of 2048. */
  readonly sizeBytes: number;
  /** Not sorted. */
  readonly files: readonly IsoFile[];
  /** Descriptors and blocks of what extends the format, such as El Torito. */
  readonly extension?: (firstFreeBlock: number) => IsoExtension;
}

export interface IsoExtension {
  /** A volume descriptor, one block; it comes second, where El Torito wants it. */
  readonly descriptor: Buffer;
  /** Blocks from the first free one on. */
  readonly blocks: Buffer;
}

/** Section 8.1.1: volume descriptor type. */
const DESCRIPTOR = { primary: 1, terminator: 255 } as const;
/** Section 9.1.6: file flags. */
const FLAG = { directory: 0x02, multiExtent: 0x80 } as const;
const NAME = /^[A-Z0-9_]{1,8}\.[A-Z0-9_]{1,3}$/;
const VOLUME_ID = /^[A-Z0-9_]{1,32}$/;
/** Sections 7.6.2 and 7.6.3: what the root, and what lies above a folder, are called. */
const SELF = Buffer.of(0);
const PARENT = Buffer.of(1);
/** Section 9.1.4: the length of a body has 32 bits; a longer one is several that follow each other. */
const LARGEST_EXTENT = (2 ** 32 / ISO_BLOCK_BYTES - 1) * ISO_BLOCK_BYTES;
/** Section 9.4: of the root alone. */
const PATH_TABLE_BYTES = 10;

/**
 * What lies from the end of the system area to the first body, beginning at ISO_SYSTEM_AREA_BYTES: descriptors, path
 * tables, the folder.
 * @throws {FormatError} `out-of-range`, with the field's name.
 */
export function isoDirectory(options: IsoOptions): Buffer {
  checkOptions(options);
  const first = ISO_SYSTEM_AREA_BYTES / ISO_BLOCK_BYTES;
  const descriptors = options.extension === undefined ? 2 : 3;
  const places = { little: first + descriptors, big: first + descriptors + 1, root: first + descriptors + 2 };
  const folder = folderBlocks(options.files, places.root);
  const extension = options.extension?.(places.root + folder.byteLength / ISO_BLOCK_BYTES);
  return Buffer.concat([
    primaryDescriptor(options, { places, rootBytes: folder.byteLength }),
    extension?.descriptor ?? Buffer.alloc(0),
    terminator(),
    pathTable(places.root, 'little'),
    pathTable(places.root, 'big'),
    folder,
    extension?.blocks ?? Buffer.alloc(0),
  ]);
}

/** What every volume descriptor begins with: sections 8.1.1 to 8.1.3. */
export function isoDescriptor(type: number): Buffer {
  const descriptor = Buffer.alloc(ISO_BLOCK_BYTES);
  descriptor.writeUInt8(type, 0); // Volume Descriptor Type
  descriptor.write('CD001', 1, 'latin1'); // Standard Identifier
  descriptor.writeUInt8(1, 6); // Volume Descriptor Version
  return descriptor;
}

interface Places {
  readonly little: number;
  readonly big: number;
  readonly root: number;
}

/** Section 8.4. */
function primaryDescriptor(
  { volumeId, sizeBytes }: IsoOptions,
  { places, rootBytes }: { readonly places: Places; readonly rootBytes: number },
): Buffer {
  const descriptor = isoDescriptor(DESCRIPTOR.primary);
  descriptor.fill(' ', 8, 40, 'latin1'); // 8.4.5 System Identifier
  descriptor.write(volumeId.padEnd(32), 40, 'latin1'); // 8.4.6 Volume Identifier
  writeBoth32(descriptor, 80, sizeBytes / ISO_BLOCK_BYTES); // 8.4.8 Volume Space Size
  writeBoth16(descriptor, 120, 1); // 8.4.10 Volume Set Size
  writeBoth16(descriptor, 124, 1); // 8.4.11 Volume Sequence Number
  writeBoth16(descriptor, 128, ISO_BLOCK_BYTES); // 8.4.12 Logical Block Size
  writeBoth32(descriptor, 132, PATH_TABLE_BYTES); // 8.4.13 Path Table Size
  descriptor.writeUInt32LE(places.little, 140); // 8.4.14 Type L Path Table
  descriptor.writeUInt32BE(places.big, 148); // 8.4.16 Type M Path Table
  record(SELF, { block: places.root, sizeBytes: rootBytes, flags: FLAG.directory }).copy(descriptor, 156); // 8.4.18
  descriptor.fill(' ', 190, 813, 'latin1'); // 8.4.19 to 8.4.25: identifiers of whom and of files, none
  for (const at of [813, 830]) writeDate(descriptor, at, '1980010100000000'); // 8.4.26, 8.4.27: created, modified
  for (const at of [847, 864]) writeDate(descriptor, at, '0'.repeat(16)); // 8.4.28, 8.4.29: expires, effective; not said
  descriptor.writeUInt8(1, 881); // 8.4.30 File Structure Version
  return descriptor;
}

/** Section 8.3. */
function terminator(): Buffer {
  return isoDescriptor(DESCRIPTOR.terminator);
}

/** Section 9.4. */
function pathTable(root: number, order: 'little' | 'big'): Buffer {
  const table = Buffer.alloc(ISO_BLOCK_BYTES);
  table.writeUInt8(SELF.byteLength, 0); // 9.4.1
  if (order === 'little') {
    table.writeUInt32LE(root, 2); // 9.4.3
    table.writeUInt16LE(1, 6); // 9.4.4 Parent Directory Number
  } else {
    table.writeUInt32BE(root, 2);
    table.writeUInt16BE(1, 6);
  }
  SELF.copy(table, 8); // 9.4.5
  return table;
}

/** Sections 6.8.1 and 9.3: records by name; none goes from one block into the next. */
function folderBlocks(files: readonly IsoFile[], root: number): Buffer {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const records = sorted.flatMap((file) => recordsOf(file));
  let length = 2 * recordBytes(SELF);
  for (const { byteLength } of records) length = fitted(length, byteLength) + byteLength;
  const blocks = Buffer.alloc(Math.ceil(length / ISO_BLOCK_BYTES) * ISO_BLOCK_BYTES);
  let at = 0;
  for (const name of [SELF, PARENT]) {
    const own = record(name, { block: root, sizeBytes: blocks.byteLength, flags: FLAG.directory });
    at += own.copy(blocks, at);
  }
  for (const own of records) {
    at = fitted(at, own.byteLength);
    at += own.copy(blocks, at);
  }
  return blocks;
}

function fitted(at: number, bytes: number): number {
  const left = ISO_BLOCK_BYTES - (at % ISO_BLOCK_BYTES);
  return bytes > left ? at + left : at;
}

function recordsOf({ name, offset, sizeBytes }: IsoFile): Buffer[] {
  const records: Buffer[] = [];
  let done = 0;
  do {
    const length = Math.min(sizeBytes - done, LARGEST_EXTENT);
    const flags = done + length < sizeBytes ? FLAG.multiExtent : 0;
    // Section 7.5.1: `;` and the version.
    const block = (offset + done) / ISO_BLOCK_BYTES;
    records.push(record(Buffer.from(`${name};1`, 'latin1'), { block, sizeBytes: length, flags }));
    done += length;
  } while (done < sizeBytes);
  return records;
}

function recordBytes(name: Buffer): number {
  return 33 + name.byteLength + ((name.byteLength + 1) % 2);
}

/** Section 9.1. */
function record(
  name: Buffer,
  { block, sizeBytes, flags }: { readonly block: number; readonly sizeBytes: number; readonly flags: number },
): Buffer {
  const bytes = Buffer.alloc(recordBytes(name));
  bytes.writeUInt8(bytes.byteLength, 0); // 9.1.1 Length of Directory Record
  writeBoth32(bytes, 2, block); // 9.1.3 Location of Extent
  writeBoth32(bytes, 10, sizeBytes); // 9.1.4 Data Length
  bytes.set([80, 1, 1, 0, 0, 0, 0], 18); // 9.1.5 Recording Date and Time: years since 1900, month, day
  bytes.writeUInt8(flags, 25); // 9.1.6 File Flags
  writeBoth16(bytes, 28, 1); // 9.1.9 Volume Sequence Number
  bytes.writeUInt8(name.byteLength, 32); // 9.1.10
  name.copy(bytes, 33); // 9.1.11
  return bytes;
}

function checkOptions({ volumeId, sizeBytes, files }: IsoOptions): void {
  const refuse = (field: string, problem: string): never => {
    throw new FormatError('out-of-range', `Cannot write an ISO 9660 volume: ${field} ${problem}`, {
      context: { property: field },
    });
  };
  if (!VOLUME_ID.test(volumeId)) refuse('volumeId', `is ${JSON.stringify(volumeId)}; wanted 1 to 32 of A-Z, 0-9 and _`);
  const isBlocks = (value: number) => Number.isInteger(value / ISO_BLOCK_BYTES) && value / ISO_BLOCK_BYTES < 2 ** 32;
  if (!isBlocks(sizeBytes)) refuse('sizeBytes', `is ${sizeBytes}; wanted a multiple of ${ISO_BLOCK_BYTES} below 8 TiB`);
  const seen = new Set<string>();
  files.forEach((file, index) => {
    const field = (property: string) => `files[${index}].${property}`;
    if (!NAME.test(file.name)) refuse(field('name'), `is ${JSON.stringify(file.name)}; wanted such as ROOT.IMG`);
    if (seen.has(file.name)) refuse(field('name'), `${file.name} is there twice`);
    seen.add(file.name);
    if (!isBlocks(file.offset)) refuse(field('offset'), `is ${file.offset}; wanted a multiple of ${ISO_BLOCK_BYTES}`);
    const end = file.offset + file.sizeBytes;
    if (!Number.isSafeInteger(file.sizeBytes) || file.sizeBytes < 0 || end > sizeBytes)
      refuse(field('sizeBytes'), `is ${file.sizeBytes}; wanted no more than lies within the volume`);
  });
}

/** Section 8.4.26.1: digits, then the offset from Greenwich. */
function writeDate(descriptor: Buffer, at: number, digits: string): void {
  descriptor.write(digits, at, 'latin1');
  descriptor.writeUInt8(0, at + 16);
}

/** Section 7.3.3: little-endian, then big-endian. */
function writeBoth32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}

/** Section 7.2.3. */
function writeBoth16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at);
  bytes.writeUInt16BE(value, at + 2);
}
