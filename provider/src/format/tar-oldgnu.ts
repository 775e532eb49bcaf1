import { FormatError } from './error.js';
import { TAR_BLOCK_BYTES, TAR_FIELD } from './tar-fields.js';

/**
 * A tar header as `tar --format=oldgnu` writes it: the GNU tar manual, "Basic Tar Format", struct oldgnu_header. For
 * readers that take nothing newer.
 */
export interface OldGnuFile {
  /** At most 100 bytes of ASCII. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The twelve permission bits. */
  readonly mode: number;
  /** Seconds since 1970, whole. */
  readonly mtimeSeconds: number;
}

/** "Basic Tar Format": offset and length of each field used. */
const FIELD = {
  ...TAR_FIELD,
  magic: { at: 257, bytes: 8 },
} as const;
type Field = keyof typeof FIELD;
/** OLDGNU_MAGIC: magic and version in one. */
const MAGIC = 'ustar  \0';
/** Manual, "Blocking": an archive is a whole number of records of 20 blocks. */
const RECORD_BYTES = 20 * TAR_BLOCK_BYTES;

/**
 * The header of a file; its body follows, then oldGnuEnd().
 * @throws {FormatError} `out-of-range`, with the field's name.
 */
export function oldGnuHeader({ name, sizeBytes, mode, mtimeSeconds }: OldGnuFile): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw refused('name', `is ${JSON.stringify(name)}; wanted 1 to 100 of ASCII`);
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write(name, FIELD.name.at, 'latin1');
  writeOctal(header, 'mode', mode);
  writeOctal(header, 'uid', 0);
  writeOctal(header, 'gid', 0);
  if (sizeBytes < 8 ** 11) writeOctal(header, 'size', sizeBytes);
  else writeBinary(header, 'size', sizeBytes);
  writeOctal(header, 'mtime', mtimeSeconds);
  header.write('0', FIELD.typeflag.at, 'latin1');
  header.write(MAGIC, FIELD.magic.at, 'latin1');
  // The sum of all bytes, its own place counted as blanks.
  const { at, bytes } = FIELD.checksum;
  header.fill(' ', at, at + bytes, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, at, 'latin1');
  return header;
}

/** Zeros from the end of the only file's body to the end of the archive: up to a block, two blocks, up to a record. */
export function oldGnuEndBytes(sizeBytes: number): number {
  const blocks = Math.ceil(sizeBytes / TAR_BLOCK_BYTES) + 3;
  return Math.ceil((blocks * TAR_BLOCK_BYTES) / RECORD_BYTES) * RECORD_BYTES - TAR_BLOCK_BYTES - sizeBytes;
}

function writeOctal(header: Buffer, field: Field, value: number): void {
  const { at, bytes } = FIELD[field];
  if (!Number.isSafeInteger(value) || value < 0 || value >= 8 ** (bytes - 1)) {
    throw refused(field, `${value} does not fit; wanted a whole number below ${8 ** (bytes - 1)}`);
  }
  header.write(`${value.toString(8).padStart(bytes - 1, '0')}\0`, at, 'latin1');
}

/** Manual, "Extensions to tar": a number that is too large is written in base 256, the highest bit of the field set. */
function writeBinary(header: Buffer, field: Field, value: number): void {
  const { at, bytes } = FIELD[field];
  if (!Number.isSafeInteger(value)) throw refused(field, `${value} does not fit; wanted a safe integer`);
  header.writeUInt8(0x80, at);
  header.writeBigUInt64BE(BigInt(value), at + bytes - 8);
}

function refused(field: string, problem: string): FormatError {
  return new FormatError('out-of-range', `Cannot write a tar header: ${field} ${problem}`, {
    context: { property: field },
  });
}
