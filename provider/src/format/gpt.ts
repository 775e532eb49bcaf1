import { crc32 } from 'node:zlib';
import { FormatError } from './error.js';
import { GUID_BYTES, type Guid, guidBytes, guidText } from './guid.js';

/**
 * GUID partition tables with their protective MBR: UEFI 2.10, chapter 5, cited below by section. Sectors have 512 bytes;
 * there are 128 places for partitions, as all tools make them.
 */

export interface GptPartition {
  readonly typeGuid: Guid;
  readonly guid: Guid;
  /** At most 36 UTF-16 units. */
  readonly name: string;
  readonly startLba: number;
  /** Inclusive. */
  readonly endLba: number;
  /** Table 5.6: bit 0 required, bits 48 to 63 for the type to define. Default: none. */
  readonly attributes?: bigint;
}

export interface Gpt {
  readonly diskGuid: Guid;
  /** Sectors of the whole disk. */
  readonly sectors: number;
  /** In the order of the table. */
  readonly partitions: readonly GptPartition[];
}

export const SECTOR_BYTES = 512;
/** Section 5.3.1: the least that is to be kept for the table is 16,384 bytes. */
const ENTRY_COUNT = 128;
const ENTRY_BYTES = 128;
const TABLE_SECTORS = (ENTRY_COUNT * ENTRY_BYTES) / SECTOR_BYTES;
/** What gptHead() is long: MBR, header, table. */
export const GPT_HEAD_SECTORS = 2 + TABLE_SECTORS;
/** What gptTail() is long: table, header. */
export const GPT_TAIL_SECTORS = TABLE_SECTORS + 1;

/** Section 5.3.2, table 5.5. */
const SIGNATURE = 'EFI PART';
const REVISION = 0x0001_0000;
const HEADER_BYTES = 92;
const FIELD = {
  signature: 0,
  revision: 8,
  headerSize: 12,
  headerCrc32: 16,
  myLba: 24,
  alternateLba: 32,
  firstUsableLba: 40,
  lastUsableLba: 48,
  diskGuid: 56,
  partitionEntryLba: 72,
  numberOfPartitionEntries: 80,
  sizeOfPartitionEntry: 84,
  partitionEntryArrayCrc32: 88,
} as const;
/** Section 5.3.3, table 5.6. */
const ENTRY = { typeGuid: 0, guid: 16, startLba: 32, endLba: 40, attributes: 48, name: 56 } as const;
const NAME_UNITS = 36;
const UNUSED = Buffer.alloc(GUID_BYTES);

/**
 * What a disk begins with: protective MBR, header, table.
 * @throws {FormatError} `out-of-range`, with the field's name, for what the table cannot hold; for partitions that
 * overlap or do not lie between the two tables.
 */
export function gptHead(gpt: Gpt): Buffer {
  const table = tableOf(gpt);
  return Buffer.concat([protectiveMbr(gpt), headerOf(gpt, table, 'head'), table]);
}

/** What a disk ends with: table, header. @throws {FormatError} as gptHead() does. */
export function gptTail(gpt: Gpt): Buffer {
  const table = tableOf(gpt);
  return Buffer.concat([table, headerOf(gpt, table, 'tail')]);
}

/**
 * The table that a disk begins with.
 * @param head the first 34 sectors of the disk, or more
 * @throws {FormatError} `truncated`; `malformed` for what is no such table; `corrupt` for a wrong CRC; `unsupported` for a
 * table of another size.
 */
export function readGpt(head: Uint8Array): Gpt {
  return readAt(Buffer.from(head.buffer, head.byteOffset, head.byteLength), {
    header: SECTOR_BYTES,
    table: 2 * SECTOR_BYTES,
    bytes: GPT_HEAD_SECTORS * SECTOR_BYTES,
  });
}

/**
 * The table that a disk ends with.
 * @param tail the last 33 sectors of the disk
 * @throws {FormatError} as readGpt() does.
 */
export function readGptTail(tail: Uint8Array): Gpt {
  return readAt(Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength), {
    header: TABLE_SECTORS * SECTOR_BYTES,
    table: 0,
    bytes: GPT_TAIL_SECTORS * SECTOR_BYTES,
  });
}

/** Section 5.2.3: one partition of type EE over the whole disk, so that older tools leave it alone. */
function protectiveMbr({ sectors }: Gpt): Buffer {
  const mbr = Buffer.alloc(SECTOR_BYTES);
  const entry = 446;
  mbr.writeUInt8(0, entry); // BootIndicator
  mbr.set([0x00, 0x02, 0x00], entry + 1); // StartingCHS: of LBA 1
  mbr.writeUInt8(0xee, entry + 4); // OSType: GPT protective
  mbr.set([0xff, 0xff, 0xff], entry + 5); // EndingCHS: more than it can say
  mbr.writeUInt32LE(1, entry + 8); // StartingLBA
  mbr.writeUInt32LE(Math.min(sectors - 1, 0xffff_ffff), entry + 12); // SizeInLBA: FFFFFFFF if it is more
  mbr.writeUInt16LE(0xaa55, 510); // Signature
  return mbr;
}

function headerOf(gpt: Gpt, table: Buffer, which: 'head' | 'tail'): Buffer {
  const last = gpt.sectors - 1;
  const header = Buffer.alloc(SECTOR_BYTES);
  header.write(SIGNATURE, FIELD.signature, 'latin1');
  header.writeUInt32LE(REVISION, FIELD.revision);
  header.writeUInt32LE(HEADER_BYTES, FIELD.headerSize);
  writeLba(header, FIELD.myLba, which === 'head' ? 1 : last);
  writeLba(header, FIELD.alternateLba, which === 'head' ? last : 1);
  writeLba(header, FIELD.firstUsableLba, GPT_HEAD_SECTORS);
  writeLba(header, FIELD.lastUsableLba, last - GPT_TAIL_SECTORS);
  guidBytes(gpt.diskGuid).copy(header, FIELD.diskGuid);
  writeLba(header, FIELD.partitionEntryLba, which === 'head' ? 2 : last - TABLE_SECTORS);
  header.writeUInt32LE(ENTRY_COUNT, FIELD.numberOfPartitionEntries);
  header.writeUInt32LE(ENTRY_BYTES, FIELD.sizeOfPartitionEntry);
  header.writeUInt32LE(crc32(table), FIELD.partitionEntryArrayCrc32);
  // Its own place counts as zeros.
  header.writeUInt32LE(crc32(header.subarray(0, HEADER_BYTES)), FIELD.headerCrc32);
  return header;
}

function tableOf(gpt: Gpt): Buffer {
  checkGpt(gpt, 'write');
  const table = Buffer.alloc(ENTRY_COUNT * ENTRY_BYTES);
  gpt.partitions.forEach((partition, index) => {
    const entry = table.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    guidBytes(partition.typeGuid).copy(entry, ENTRY.typeGuid);
    guidBytes(partition.guid).copy(entry, ENTRY.guid);
    writeLba(entry, ENTRY.startLba, partition.startLba);
    writeLba(entry, ENTRY.endLba, partition.endLba);
    entry.writeBigUInt64LE(partition.attributes ?? 0n, ENTRY.attributes);
    entry.write(partition.name, ENTRY.name, 'utf16le');
  });
  return table;
}

/** @param doing `write`: what was asked for does not fit. `read`: what is there is not as it should be. */
function checkGpt({ sectors, partitions }: Gpt, doing: 'read' | 'write'): void {
  const refuse = (field: string, problem: string): never => {
    const code = doing === 'write' ? 'out-of-range' : 'malformed';
    const message = `Cannot ${doing} a partition table: ${field} ${problem}`;
    throw new FormatError(code, message, { context: { property: field } });
  };
  const least = GPT_HEAD_SECTORS + GPT_TAIL_SECTORS + 1;
  if (!Number.isSafeInteger(sectors) || sectors < least) refuse('sectors', `is ${sectors}; wanted ${least} or more`);
  if (partitions.length > ENTRY_COUNT) refuse('partitions', `has ${partitions.length}; wanted ${ENTRY_COUNT} at most`);
  const first = GPT_HEAD_SECTORS;
  const last = sectors - 1 - GPT_TAIL_SECTORS;
  partitions.forEach(({ name, startLba, endLba, attributes = 0n }, index) => {
    const field = (property: string) => `partitions[${index}].${property}`;
    if (name.length > NAME_UNITS)
      refuse(field('name'), `has ${name.length} UTF-16 units; wanted ${NAME_UNITS} at most`);
    if (name.includes('\0')) refuse(field('name'), 'holds a NUL; the format ends it there');
    if (!Number.isSafeInteger(startLba) || startLba < first || startLba > last)
      refuse(field('startLba'), `is ${startLba}; wanted ${first} to ${last}`);
    if (!Number.isSafeInteger(endLba) || endLba < startLba || endLba > last)
      refuse(field('endLba'), `is ${endLba}; wanted ${startLba} to ${last}`);
    if (attributes < 0n || attributes >= 1n << 64n) refuse(field('attributes'), `is ${attributes}; wanted 64 bits`);
  });
  const byPlace = [...partitions].sort((a, b) => a.startLba - b.startLba);
  byPlace.forEach((partition, index) => {
    const before = byPlace[index - 1];
    if (before === undefined || before.endLba < partition.startLba) return;
    refuse('partitions', `overlap: ${before.name} ends at ${before.endLba}, ${partition.name} begins before`);
  });
}

interface Places {
  readonly header: number;
  readonly table: number;
  /** How much there must be. */
  readonly bytes: number;
}

function readAt(bytes: Buffer, places: Places): Gpt {
  const refuse = (code: 'malformed' | 'corrupt' | 'truncated' | 'unsupported', problem: string): never => {
    throw new FormatError(code, `Cannot read a partition table: ${problem}`);
  };
  if (bytes.byteLength < places.bytes)
    refuse('truncated', `there are ${bytes.byteLength} bytes; wanted ${places.bytes}`);
  const header = Buffer.from(bytes.subarray(places.header, places.header + HEADER_BYTES));
  if (header.toString('latin1', 0, SIGNATURE.length) !== SIGNATURE) refuse('malformed', `it has no "${SIGNATURE}"`);
  if (header.readUInt32LE(FIELD.headerSize) !== HEADER_BYTES)
    refuse('unsupported', `headerSize is not ${HEADER_BYTES}`);
  const checksum = header.readUInt32LE(FIELD.headerCrc32);
  header.writeUInt32LE(0, FIELD.headerCrc32);
  if (crc32(header) !== checksum) refuse('corrupt', 'headerCrc32 is not that of the header');
  if (
    header.readUInt32LE(FIELD.numberOfPartitionEntries) !== ENTRY_COUNT ||
    header.readUInt32LE(FIELD.sizeOfPartitionEntry) !== ENTRY_BYTES
  ) {
    refuse('unsupported', `the table is not ${ENTRY_COUNT} entries of ${ENTRY_BYTES} bytes`);
  }
  const table = bytes.subarray(places.table, places.table + ENTRY_COUNT * ENTRY_BYTES);
  if (crc32(table) !== header.readUInt32LE(FIELD.partitionEntryArrayCrc32)) {
    refuse('corrupt', 'partitionEntryArrayCrc32 is not that of the table');
  }
  const partitions: GptPartition[] = [];
  for (let at = 0; at < table.byteLength; at += ENTRY_BYTES) {
    const entry = table.subarray(at, at + ENTRY_BYTES);
    if (!entry.subarray(0, GUID_BYTES).equals(UNUSED)) partitions.push(partitionOf(entry));
  }
  const last = Math.max(readLba(header, FIELD.myLba), readLba(header, FIELD.alternateLba));
  const gpt = { diskGuid: guidText(header.subarray(FIELD.diskGuid)), sectors: last + 1, partitions };
  checkGpt(gpt, 'read');
  return gpt;
}

function partitionOf(entry: Buffer): GptPartition {
  const attributes = entry.readBigUInt64LE(ENTRY.attributes);
  const name = entry.toString('utf16le', ENTRY.name, ENTRY.name + 2 * NAME_UNITS);
  const end = name.indexOf('\0');
  return {
    typeGuid: guidText(entry.subarray(ENTRY.typeGuid)),
    guid: guidText(entry.subarray(ENTRY.guid)),
    name: end === -1 ? name : name.slice(0, end),
    startLba: readLba(entry, ENTRY.startLba),
    endLba: readLba(entry, ENTRY.endLba),
    ...(attributes === 0n ? {} : { attributes }),
  };
}

function writeLba(bytes: Buffer, at: number, lba: number): void {
  bytes.writeBigUInt64LE(BigInt(lba), at);
}

/** What is no safe integer becomes one that no check lets pass. */
function readLba(bytes: Buffer, at: number): number {
  const lba = bytes.readBigUInt64LE(at);
  return lba > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(lba);
}
