import { FormatError } from './error.js';
import { TAR_BLOCK_BYTES } from './tar-fields.js';

/** A tar header as it stands in the archive: nothing is interpreted, joined, or cut. Names are raw bytes. */
export interface RawTarHeader {
  readonly name: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly typeflag: string;
  readonly linkname: Buffer;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/**
 * Decodes a header block: POSIX.1-2017 pax(1), "ustar Interchange Format", and what GNU tar, star and V7 tar made of
 * it. A block of zeros, which ends an archive, gives `null`.
 * @throws {FormatError} `corrupt` when the checksum is wrong, `malformed` when a number is none.
 */
export function decodeTarHeader(block: Buffer): RawTarHeader | null {
  if (block[0] === 0 && block.every((byte) => byte === 0)) return null;
  verifyChecksum(block);
  return {
    name: nameOf(block),
    mode: tarNumber(block, { field: 'mode', offset: 100, length: 8 }),
    uid: tarNumber(block, { field: 'uid', offset: 108, length: 8 }),
    gid: tarNumber(block, { field: 'gid', offset: 116, length: 8 }),
    sizeBytes: tarNumber(block, { field: 'size', offset: 124, length: 12 }),
    mtimeSeconds: tarNumber(block, { field: 'mtime', offset: 136, length: 12, signed: true }),
    typeflag: String.fromCharCode(block[156] ?? 0),
    linkname: text(block, 157, 100),
    ...devicesOf(block),
  };
}

/** `ustar`, NUL, `00` is POSIX; `ustar`, two spaces, NUL is GNU; anything else is V7, which knows no more fields. */
function dialectOf(block: Buffer): 'posix' | 'gnu' | 'v7' {
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar  \0') return 'gnu';
  return magic.startsWith('ustar\0') ? 'posix' : 'v7';
}

function nameOf(block: Buffer): Buffer {
  const name = text(block, 0, 100);
  // GNU keeps times where POSIX has the prefix; star shortens the prefix to make room for times, and says so at 508.
  if (dialectOf(block) !== 'posix') return name;
  const star = block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = text(block, 345, star ? 131 : 155);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

function devicesOf(block: Buffer): { deviceMajor: number; deviceMinor: number } {
  // Only for devices: elsewhere some writers leave the fields filled with other things.
  const typeflag = block[156];
  const device = typeflag === 0x33 || typeflag === 0x34;
  if (!device || dialectOf(block) === 'v7') return { deviceMajor: 0, deviceMinor: 0 };
  return {
    deviceMajor: tarNumber(block, { field: 'devmajor', offset: 329, length: 8 }),
    deviceMinor: tarNumber(block, { field: 'devminor', offset: 337, length: 8 }),
  };
}

/** Up to the first NUL: "each character field is NUL-terminated unless all of it is used". */
function text(block: Buffer, offset: number, length: number): Buffer {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  // A copy: the block is part of a chunk that will be gone.
  return Buffer.from(end === -1 ? field : field.subarray(0, end));
}

export interface NumberField {
  /** For messages. */
  readonly field: string;
  readonly offset: number;
  readonly length: number;
  /** Only times may be below zero. */
  readonly signed?: boolean;
}

/**
 * A number in a field of a block.
 * @throws {FormatError} `malformed`, with the field's name.
 */
export function tarNumber(block: Buffer, field: NumberField): number {
  const bytes = block.subarray(field.offset, field.offset + field.length);
  return ((bytes[0] ?? 0) & 0x80) === 0 ? octal(bytes, field) : base256(bytes, field);
}

/** Octal digits, with spaces or NULs at either end; an empty field is 0, as all readers have it. */
function octal(bytes: Buffer, { field }: NumberField): number {
  const digits = /^ *([0-7]*)(?:[ \0].*)?$/s.exec(bytes.toString('latin1'))?.[1];
  if (digits === undefined) throw malformed(`its ${field} is not an octal number`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** GNU tar manual, "Basic Tar Format": the first bit set, the rest a big-endian two's-complement number. */
function base256(bytes: Buffer, { field, signed }: NumberField): number {
  const negative = bytes[0] === 0xff;
  if (!negative && bytes[0] !== 0x80) throw malformed(`its ${field} is beyond all bounds`);
  if (negative && signed !== true) throw malformed(`its ${field} is negative`);
  const value = BigInt(`0x${bytes.subarray(1).toString('hex')}`);
  const result = negative ? value - (1n << BigInt(8 * (bytes.length - 1))) : value;
  const small = Number(result);
  if (!Number.isSafeInteger(small)) throw malformed(`its ${field} is beyond all bounds`);
  return small;
}

/** The sum of all bytes with the checksum's own as spaces; some old writers added up signed bytes. */
function verifyChecksum(block: Buffer): void {
  let unsigned = 8 * 0x20;
  let above = 0;
  for (let index = 0; index < TAR_BLOCK_BYTES; index++) {
    if (index === 148) index = 156;
    const byte = block[index] ?? 0;
    unsigned += byte;
    if (byte >= 0x80) above += 1;
  }
  const want = octal(block.subarray(148, 156), { field: 'checksum', offset: 148, length: 8 });
  if (want === unsigned || want === unsigned - 256 * above) return;
  throw new FormatError('corrupt', `its header's checksum is ${want}; its bytes give ${unsigned}`, {
    context: { got: `${unsigned}`, want: `${want}` },
  });
}

function malformed(what: string): FormatError {
  return new FormatError('malformed', what);
}
