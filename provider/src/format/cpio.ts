import { FormatError } from './error.js';
import { decodePath } from './path-text.js';

/**
 * The "new ASCII" cpio format (magic 070701), as the kernel reads it; "buffer-format" below is the kernel's
 * driver-api/early-userspace/buffer-format. An entry is: header, name, padding, body, padding.
 */

/** What an entry says of itself; every field is written as it is. */
export interface CpioEntry {
  /** Bytes of the path, without a NUL. */
  readonly name: Uint8Array;
  /** With `deviceMajor` and `deviceMinor`, tells which entries with `linkCount` over 1 are one file. */
  readonly inode: number;
  /** Type and permission bits, as in stat(2): `MODE_TYPE.file | 0o644`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  /** Seconds since 1970; the field ends in 2106. */
  readonly mtimeSeconds: number;
  /** Length of the body: a file's content or a symlink's target. Under 4 GiB. */
  readonly sizeBytes: number;
  /** The device the entry lay on. Default: 0, 0. */
  readonly deviceMajor?: number;
  readonly deviceMinor?: number;
  /** Of a device node. Default: 0, 0. */
  readonly specialMajor?: number;
  readonly specialMinor?: number;
}

const MAGIC = '070701';
const END_NAME = Buffer.from('TRAILER!!!');
/** buffer-format, "cpio_header": the magic and 13 fields of 8 hexadecimal digits. */
const HEADER_BYTES = MAGIC.length + 13 * 8;
const ALIGNMENT_BYTES = 4;
const FIELD_MAX = 0xffffffff;

/**
 * Header and name of an entry, padded; the body follows, then `cpioPadding` of its size.
 * @throws {FormatError} `out-of-range`, with the field's name, when a value does not fit its field.
 */
export function cpioHeader(entry: CpioEntry): Buffer {
  if (END_NAME.equals(entry.name)) {
    throw outOfRange(entry, { name: 'name', problem: 'is the end mark; wanted another name' });
  }
  return headerOf(entry);
}

/** Zeros that follow a body of that size: 0 to 3 bytes. Headers are padded already. */
export function cpioPadding(sizeBytes: number): Buffer {
  return Buffer.alloc(paddingOf(sizeBytes));
}

/** Bytes that an entry takes in the archive, body and padding included. */
export function cpioEntryBytes(entry: { readonly name: Uint8Array; readonly sizeBytes: number }): number {
  return padded(HEADER_BYTES + entry.name.byteLength + 1) + padded(entry.sizeBytes);
}

/**
 * The entry that ends an archive. A kernel forgets there which entries are one file: between the parts of one
 * archive none may stand (buffer-format, "c_ino").
 */
export function cpioTrailer(): Buffer {
  return headerOf({
    name: END_NAME,
    inode: 0,
    mode: 0,
    uid: 0,
    gid: 0,
    linkCount: 1,
    mtimeSeconds: 0,
    sizeBytes: 0,
  });
}

/** Fields in the order of buffer-format, "struct cpio_header". */
function headerOf(entry: CpioEntry): Buffer {
  if (entry.name.includes(0)) {
    throw outOfRange(entry, { name: 'name', problem: 'holds a NUL; the format ends it there' });
  }
  const field = (name: string, value: number) => hex(value, { name, entry });
  const text =
    MAGIC +
    field('inode', entry.inode) +
    field('mode', entry.mode) +
    field('uid', entry.uid) +
    field('gid', entry.gid) +
    field('linkCount', entry.linkCount) +
    field('mtimeSeconds', entry.mtimeSeconds) +
    field('sizeBytes', entry.sizeBytes) +
    field('deviceMajor', entry.deviceMajor ?? 0) +
    field('deviceMinor', entry.deviceMinor ?? 0) +
    field('specialMajor', entry.specialMajor ?? 0) +
    field('specialMinor', entry.specialMinor ?? 0) +
    // c_namesize counts the NUL.
    field('nameBytes', entry.name.byteLength + 1) +
    // c_check: a checksum in the other variant (070702), zero in this one.
    field('check', 0);
  const header = Buffer.alloc(padded(HEADER_BYTES + entry.name.byteLength + 1));
  header.write(text, 'latin1');
  header.set(entry.name, HEADER_BYTES);
  return header;
}

/** Upper-case digits, as GNU cpio writes them. */
function hex(value: number, of: { readonly name: string; readonly entry: CpioEntry }): string {
  if (!Number.isInteger(value) || value < 0 || value > FIELD_MAX) {
    const problem = `${value} does not fit; wanted a whole number from 0 to ${FIELD_MAX}`;
    throw outOfRange(of.entry, { name: of.name, problem });
  }
  return value.toString(16).toUpperCase().padStart(8, '0');
}

function paddingOf(sizeBytes: number): number {
  return (ALIGNMENT_BYTES - (sizeBytes % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES;
}

function padded(sizeBytes: number): number {
  return sizeBytes + paddingOf(sizeBytes);
}

function outOfRange(entry: CpioEntry, field: { readonly name: string; readonly problem: string }): FormatError {
  const path = decodePath(entry.name);
  const message = `Cannot write a cpio header for ${JSON.stringify(path)}: ${field.name} ${field.problem}`;
  return new FormatError('out-of-range', message, { context: { path, property: field.name } });
}
