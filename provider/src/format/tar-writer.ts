import { FormatError } from './error.js';
import { decodePath } from './path-text.js';

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

const BLOCK_BYTES = 512;

/** "ustar Interchange Format", table of the header block: offset and length of each field used. */
const FIELD = {
  name: { at: 0, bytes: 100 },
  mode: { at: 100, bytes: 8 },
  uid: { at: 108, bytes: 8 },
  gid: { at: 116, bytes: 8 },
  size: { at: 124, bytes: 12 },
  mtime: { at: 136, bytes: 12 },
  checksum: { at: 148, bytes: 8 },
  typeflag: { at: 156, bytes: 1 },
  linkname: { at: 157, bytes: 100 },
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

/**
 * The blocks before an entry's body. The body follows, then `tarPadding` of its size.
 * @throws {FormatError} `out-of-range`, with the field's name, when a value fits neither header.
 */
export function tarHeader(entry: TarHeaderFields): Buffer {
  checkEntry(entry);
  const path = entry.type === 'directory' ? Buffer.concat([entry.path, Buffer.from('/')]) : Buffer.from(entry.path);
  const link = Buffer.from(entry.link ?? []);
  const records: Buffer[] = [];
  const split = splitPath(path);
  if (split === undefined) records.push(record('path', path));
  if (!fitsText('linkname', link)) records.push(record('linkpath', link));
  const number = (field: Field, value: number) => {
    if (fitsNumber(field, value)) return value;
    records.push(record(field, Buffer.from(String(value))));
    return 0;
  };
  const header = Buffer.alloc(BLOCK_BYTES);
  // Where an extended header has the whole of a text, its start stands here for readers that do not know those.
  writeText(header, 'name', split?.name ?? path.subarray(0, FIELD.name.bytes));
  writeText(header, 'prefix', split?.prefix ?? new Uint8Array());
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

/** Zeros that follow a body of that size: 0 to 511 bytes. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** What ends an archive: two blocks of zeros. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK_BYTES);
}

function checkEntry(entry: TarHeaderFields): void {
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
  const limits = {
    mode: { value: entry.mode, from: 0, to: 0o7777 },
    uid: { value: entry.uid, from: 0, to: Number.MAX_SAFE_INTEGER },
    gid: { value: entry.gid, from: 0, to: Number.MAX_SAFE_INTEGER },
    sizeBytes: { value: entry.sizeBytes, from: 0, to: Number.MAX_SAFE_INTEGER },
    mtimeSeconds: { value: entry.mtimeSeconds, from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER },
    // "pax Extended Header" has no keyword for device numbers.
    'device.major': { value: entry.device?.major ?? 0, from: 0, to: maxOf('devmajor') },
    'device.minor': { value: entry.device?.minor ?? 0, from: 0, to: maxOf('devminor') },
  };
  for (const [field, { value, from, to }] of Object.entries(limits)) {
    if (Number.isInteger(value) && value >= from && value <= to) continue;
    refuse(field, `${value} does not fit; wanted a whole number from ${from} to ${to}`);
  }
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
  const header = Buffer.alloc(BLOCK_BYTES);
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
  if (path.byteLength <= FIELD.name.bytes) return { prefix: new Uint8Array(), name: path };
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
  header.write(value.toString(8).padStart(FIELD[field].bytes - 1, '0'), FIELD[field].at, 'latin1');
}

function writeText(header: Buffer, field: Field, text: Uint8Array): void {
  header.set(text, FIELD[field].at);
}

/** Type, magic, version, and at last the checksum: the sum of all bytes, its own counted as spaces. */
function finish(header: Buffer, typeFlag: string): void {
  header.write(typeFlag, FIELD.typeflag.at, 'latin1');
  header.write('ustar\0', FIELD.magic.at, 'latin1');
  header.write('00', FIELD.version.at, 'latin1');
  header.fill(' ', FIELD.checksum.at, FIELD.checksum.at + FIELD.checksum.bytes);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, FIELD.checksum.at, 'latin1');
}

function isAscii(text: Uint8Array): boolean {
  return text.every((byte) => byte < 0x80);
}

function isUtf8(text: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
    return true;
  } catch {
    return false;
  }
}
