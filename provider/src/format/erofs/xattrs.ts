import { FormatError } from '../error.js';
import { outOfRange } from './field.js';

/** An extended attribute: bytes of its whole name, and its value. */
export interface ErofsXattr {
  readonly name: Buffer;
  readonly value: Buffer;
}

/** `e_name_index` of each prefix, which the stored name leaves out (EROFS_XATTR_INDEX_USER and so on). */
const PREFIXES: readonly { readonly index: number; readonly prefix: Buffer; readonly isWhole: boolean }[] = [
  { index: 1, prefix: Buffer.from('user.'), isWhole: false },
  { index: 2, prefix: Buffer.from('system.posix_acl_access'), isWhole: true },
  { index: 3, prefix: Buffer.from('system.posix_acl_default'), isWhole: true },
  { index: 4, prefix: Buffer.from('trusted.'), isWhole: false },
  { index: 6, prefix: Buffer.from('security.'), isWhole: false },
];

/** struct erofs_xattr_ibody_header: `h_shared_count` is 0 here, as are the filter and what is reserved. */
const HEADER_BYTES = 12;
const SHARED_COUNT_OFFSET = 4;
/** struct erofs_xattr_entry: `e_name_len` 1, `e_name_index` 1, `e_value_size` 2. */
const ENTRY_BYTES = 4;
const NAME_MAX = 0xff;
const VALUE_MAX = 0xffff;
/** `i_xattr_icount` has 16 bits, counts 4 bytes each, and the header as 1. */
const BODY_MAX = HEADER_BYTES + (0xffff - 1) * 4;

/**
 * What stands behind an inode with these attributes, sorted by the bytes of their names; nothing for none.
 * @throws {FormatError} `out-of-range` with the field's name, or `unsupported` for a name of another name space.
 */
export function erofsXattrs(xattrs: readonly ErofsXattr[]): Buffer {
  if (xattrs.length === 0) return Buffer.alloc(0);
  const sorted = [...xattrs].sort((a, b) => Buffer.compare(a.name, b.name));
  const body = Buffer.concat([Buffer.alloc(HEADER_BYTES), ...sorted.map(entryOf)]);
  if (body.byteLength > BODY_MAX) throw outOfRange('i_xattr_icount', `${body.byteLength} bytes`, BODY_MAX);
  return body;
}

/** The attributes in such a body. @throws {FormatError} `malformed` or `unsupported`. */
export function parseErofsXattrs(body: Buffer): ErofsXattr[] {
  if (body.byteLength === 0) return [];
  if (body.byteLength < HEADER_BYTES || body.readUInt8(SHARED_COUNT_OFFSET) !== 0) {
    throw new FormatError('unsupported', 'Cannot read the attributes of an inode of an EROFS: some are shared');
  }
  const xattrs: ErofsXattr[] = [];
  for (let offset = HEADER_BYTES; offset + ENTRY_BYTES <= body.byteLength; ) {
    const nameBytes = body.readUInt8(offset);
    const found = PREFIXES.find(({ index }) => index === body.readUInt8(offset + 1));
    const valueBytes = body.readUInt16LE(offset + 2);
    const value = offset + ENTRY_BYTES + nameBytes;
    if (found === undefined || value + valueBytes > body.byteLength) {
      throw new FormatError(
        'malformed',
        `Cannot read the attributes of an inode of an EROFS: one at ${offset} is wrong`,
      );
    }
    xattrs.push({
      name: Buffer.concat([found.prefix, body.subarray(offset + ENTRY_BYTES, value)]),
      value: body.subarray(value, value + valueBytes),
    });
    offset += padded(ENTRY_BYTES + nameBytes + valueBytes);
  }
  return xattrs;
}

function entryOf({ name, value }: ErofsXattr): Buffer {
  const found = PREFIXES.find(({ prefix, isWhole }) =>
    isWhole ? prefix.equals(name) : name.subarray(0, prefix.byteLength).equals(prefix),
  );
  if (found === undefined) {
    const shown = JSON.stringify(name.toString());
    const wanted = PREFIXES.map(({ prefix }) => prefix.toString()).join(', ');
    throw new FormatError('unsupported', `Cannot store the attribute ${shown} in an EROFS: wanted one of ${wanted}`, {
      context: { property: 'e_name_index' },
    });
  }
  const rest = name.subarray(found.prefix.byteLength);
  if (rest.byteLength > NAME_MAX) throw outOfRange('e_name_len', rest.byteLength, NAME_MAX);
  if (value.byteLength > VALUE_MAX) throw outOfRange('e_value_size', value.byteLength, VALUE_MAX);
  const entry = Buffer.alloc(padded(ENTRY_BYTES + rest.byteLength + value.byteLength));
  entry.writeUInt8(rest.byteLength, 0);
  entry.writeUInt8(found.index, 1);
  entry.writeUInt16LE(value.byteLength, 2);
  entry.set(rest, ENTRY_BYTES);
  entry.set(value, ENTRY_BYTES + rest.byteLength);
  return entry;
}

/** EROFS_XATTR_ALIGN. */
function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4;
}
