import { FormatError } from './error.js';
import { decodePath } from './path-text.js';
import { TAR_BLOCK_BYTES, TAR_FIELD } from './tar-fields.js';

/**
 * A writer of the pax interchange format: POSIX.1-2017, utility `pax`, cited below by its sections "ustar
 * Interchange Format" and "pax Extended Header". What fits a ustar header stands there alone; the rest is in an
 * extended header before it. Neither access nor change times, nor names of users and groups are written.
 */

/** What an entry says of itself. */
export interface TarHeaderFields {
  /** Bytes of the path, relative, without slashes at either end. */
  readonly path: Uint8Array;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, whole; may be negative. */
  readonly mtimeSeconds: number;
  /** Length of the body that follows; 0 for all but files. */
  readonly sizeBytes: number;
  /** Target of a symlink; path of the entry before that a hardlink is another name of. */
  readonly link?: Uint8Array;
  /** Of a device node. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** Name and binary value; written sorted by name. */
  readonly xattrs?: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
}

/** "ustar Interchange Format", table of the header block: offset and length of each field used. */
const FIELD = {
  ...TAR_FIELD,
  magic: { at: 257, bytes: 6 },
  version: { at: 263, bytes: 2 },
  devmajor: { at: 329, bytes: 8 },
  devminor: { at: 337, bytes: 8 },
  prefix: { at: 345, bytes: 155 },
} as const;
type Field = keyof typeof FIELD;

/** "ustar Interchange Format", typeflag. */
const TYPE_FLAG = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' } as const;
/** "pax Extended Header": of the entry that follows it. */
const EXTENDED_FLAG = 'x';
/** What a reader that knows no extended headers makes of one. */
const EXTENDED_NAME = Buffer.from('PaxHeaders');
const SLASH = 0x2f;
const ZERO = 0x30;
const BLANK = 0x20;
const NOTHING = new Uint8Array();
const ZEROS = Buffer.alloc(TAR_BLOCK_BYTES);

/**
 * The blocks before an entry's body. The body follows, then `tarPadding` of its size.
 * @throws {FormatError} `out-of-range`, with the field's name, when a value fits neither header.
 */
export function tarHeader(entry: TarHeaderFields): Buffer {
  checkTarHeader(entry);
  const path = entry.type === 'directory' ? withSlash(entry.path) : entry.path;
  const link = entry.link ?? NOTHING;
  const records: Buffer[] = [];
  const split = splitPath(path);
  if (split === undefined) records.push(record('path', path));
  if (!fitsText('linkname', link)) records.push(record('linkpath', link));
  const number = (field: Field, value: number) => {
    if (fitsNumber(field, value)) return value;
    records.push(record(field, Buffer.from(String(value))));
    return 0;
  };
  const header = emptyBlock();
  // Where an extended header has the whole of a text, its start stands here for readers that do not know those.
  writeText(header, 'name', split?.name ?? path.subarray(0, FIELD.name.bytes));
  writeText(header, 'prefix', split?.prefix ?? NOTHING);
  writeText(header, 'linkname', link.subarray(0, FIELD.linkname.bytes));
  writeNumber(header, 'mode', entry.mode);
  writeNumber(header, 'uid', number('uid', entry.uid));
  writeNumber(header, 'gid', number('gid', entry.gid));
  writeNumber(header, 'size', number('size', entry.sizeBytes));
  writeNumber(header, 'mtime', number('mtime', entry.mtimeSeconds));
  writeNumber(header, 'devmajor', entry.device?.major ?? 0);
  writeNumber(header, 'devminor', entry.device?.minor ?? 0);
  finish(header, TYPE_FLAG[entry.type]);
  for (const { name, value } of [...(entry.xattrs ?? [])].sort((a, b) => Buffer.compare(a.name, b.name))) {
    records.push(record(Buffer.concat([Buffer.from('SCHILY.xattr.'), name]), value));
  }
  return records.length === 0 ? header : Buffer.concat([extendedHeader(records, [path, link]), header]);
}

/** Zeros that follow a body of that size: 0 to 511 bytes. Not to be written to: all share them. */
export function tarPadding(sizeBytes: number): Buffer {
  return ZEROS.subarray(0, (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** What ends an archive: two blocks of zeros. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * TAR_BLOCK_BYTES);
}

/** From Node's pool: a header by itself costs more than what is written into it. */
function emptyBlock(): Buffer {
  return Buffer.allocUnsafe(TAR_BLOCK_BYTES).fill(0);
}

function withSlash(path: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(path.byteLength + 1);
  bytes.set(path);
  bytes[path.byteLength] = SLASH;
  return bytes;
}

/**
 * That an entry can be written, without writing it.
 * @throws {FormatError} as tarHeader() does.
 */
export function checkTarHeader(entry: TarHeaderFields): void {
  const refuse = (field: string, problem: string): never => {
    const path = decodePath(entry.path);
    const message = `Cannot write a tar header for ${JSON.stringify(path)}: ${field} ${problem}`;
    throw new FormatError('out-of-range', message, { context: { path, property: field } });
  };
  if (entry.path.byteLength === 0) refuse('path', 'is empty; wanted a relative path');
  if (entry.path.includes(0)) refuse('path', 'holds a NUL; the format ends it there');
  if (entry.link?.includes(0)) refuse('link', 'holds a NUL; the format ends it there');
  const isLink = entry.type === 'symlink' || entry.type === 'hardlink';
  if (isLink !== (entry.link?.byteLength ?? 0) > 0) refuse('link', 'stands for all links and for nothing else');
  if (entry.type !== 'file' && entry.sizeBytes !== 0) refuse('sizeBytes', `is ${entry.sizeBytes}; only files have any`);
  const expect = (field: string, value: number, from: number, to: number): void => {
    if (Number.isInteger(value) && value >= from && value <= to) return;
    refuse(field, `${value} does not fit; wanted a whole number from ${from} to ${to}`);
  };
  expect('mode', entry.mode, 0, 0o7777);
  expect('uid', entry.uid, 0, Number.MAX_SAFE_INTEGER);
  expect('gid', entry.gid, 0, Number.MAX_SAFE_INTEGER);
  expect('sizeBytes', entry.sizeBytes, 0, Number.MAX_SAFE_INTEGER);
  expect('mtimeSeconds', entry.mtimeSeconds, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  // "pax Extended Header" has no keyword for device numbers.
  expect('device.major', entry.device?.major ?? 0, 0, maxOf('devmajor'));
  expect('device.minor', entry.device?.minor ?? 0, 0, maxOf('devminor'));
  for (const { name } of entry.xattrs ?? []) {
    if (name.byteLength > 0 && !name.includes(0) && !name.includes('='.charCodeAt(0))) continue;
    const shown = JSON.stringify(decodePath(name));
    refuse('xattrs', `has the name ${shown}; wanted one that is not empty and has no NUL and no "="`);
  }
}

/** "pax Extended Header": an entry of its own, whose body is the records. */
function extendedHeader(records: readonly Buffer[], texts: readonly Uint8Array[]): Buffer {
  // "hdrcharset": without it readers take texts for UTF-8, and may change those that are not.
  const isText = texts.every((text) => isUtf8(text));
  const all = isText ? records : [record('hdrcharset', Buffer.from('BINARY')), ...records];
  const body = Buffer.concat(all);
  const header = emptyBlock();
  writeText(header, 'name', EXTENDED_NAME);
  writeNumber(header, 'mode', 0o644);
  writeNumber(header, 'uid', 0);
  writeNumber(header, 'gid', 0);
  writeNumber(header, 'size', body.byteLength);
  writeNumber(header, 'mtime', 0);
  writeNumber(header, 'devmajor', 0);
  writeNumber(header, 'devminor', 0);
  finish(header, EXTENDED_FLAG);
  return Buffer.concat([header, body, tarPadding(body.byteLength)]);
}

/** "pax Extended Header": `<length> <keyword>=<value>\n`, where the length counts its own digits. */
function record(keyword: string | Uint8Array, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(' '), Buffer.from(keyword), Buffer.from('='), value, Buffer.from('\n')]);
  let bytes = rest.byteLength + 1;
  while (String(bytes).length + rest.byteLength !== bytes) bytes = String(bytes).length + rest.byteLength;
  return Buffer.concat([Buffer.from(String(bytes)), rest]);
}

/**
 * "ustar Interchange Format", prefix: a long path may be cut at a slash, which is then left out. Undefined where
 * that does not help, and for what is not ASCII, since readers disagree about its character set.
 */
function splitPath(path: Uint8Array): { readonly prefix: Uint8Array; readonly name: Uint8Array } | undefined {
  if (!isAscii(path)) return undefined;
  if (path.byteLength <= FIELD.name.bytes) return { prefix: NOTHING, name: path };
  const at = path.indexOf(SLASH, path.byteLength - FIELD.name.bytes - 1);
  // The slash at the end of a directory's path is no place to cut.
  if (at <= 0 || at > FIELD.prefix.bytes || at === path.byteLength - 1) return undefined;
  return { prefix: path.subarray(0, at), name: path.subarray(at + 1) };
}

function fitsText(field: Field, text: Uint8Array): boolean {
  return isAscii(text) && text.byteLength <= FIELD[field].bytes;
}

/** Numbers are octal digits with a NUL at the end. */
function maxOf(field: Field): number {
  return 8 ** (FIELD[field].bytes - 1) - 1;
}

function fitsNumber(field: Field, value: number): boolean {
  return value >= 0 && value <= maxOf(field);
}

function writeNumber(header: Buffer, field: Field, value: number): void {
  const { at, bytes } = FIELD[field];
  // Digit by digit: an archive has a hundred thousand of these, and a call into Buffer for each takes longer.
  for (let left = value, to = at + bytes - 2; to >= at; to -= 1) {
    header[to] = ZERO + (left % 8);
    left = Math.floor(left / 8);
  }
}

function writeText(header: Buffer, field: Field, text: Uint8Array): void {
  header.set(text, FIELD[field].at);
}

/** Type, magic, version, and at last the checksum: the sum of all bytes, its own counted as spaces. */
function finish(header: Buffer, typeFlag: string): void {
  header.write(typeFlag, FIELD.typeflag.at, 'latin1');
  header.write('ustar\0', FIELD.magic.at, 'latin1');
  header.write('00', FIELD.version.at, 'latin1');
  // The blanks that the checksum counts in its own place.
  let sum = FIELD.checksum.bytes * BLANK;
  for (let at = 0; at < TAR_BLOCK_BYTES; at += 1) sum += header[at] as number;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, FIELD.checksum.at, 'latin1');
}

function isAscii(text: Uint8Array): boolean {
  for (let at = 0; at < text.byteLength; at += 1) if ((text[at] as number) >= 0x80) return false;
  return true;
}

function isUtf8(text: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
    return true;
  } catch {
    return false;
  }
}
