import { FormatError } from './error.js';
import { decodePath } from './path-text.js';

/** Records of a pax extended header, by keyword; values are raw bytes. An empty value takes a keyword back. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

const SPARSE_PAIR = ['GNU.sparse.offset', 'GNU.sparse.numbytes'];
const LF = 10;
const SPACE = 32;
const EQUALS = 61;

/**
 * Decodes the body of a pax extended header (POSIX.1-2017 pax(1), "pax Extended Header"): records of the form
 * `length keyword=value\n`, where the length counts the bytes of the whole record. The last of equal keywords wins.
 * Where GNU tar repeats keywords (sparse files of version 0.0), their values are joined as its version 0.1 has them.
 * @throws {FormatError} `malformed`.
 */
export function decodePaxRecords(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  const sparse: string[] = [];
  for (let offset = 0; offset < body.length; ) {
    const space = body.indexOf(SPACE, offset);
    const digits = space === -1 ? '' : body.toString('latin1', offset, Math.min(space, offset + 10));
    const end = offset + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > body.length || body[end - 1] !== LF) throw malformed(offset);
    const equals = body.indexOf(EQUALS, space);
    if (equals === -1 || equals >= end || equals === space + 1) throw malformed(offset);
    const keyword = decodePath(body.subarray(space + 1, equals));
    // A copy, since the body is a view of memory that will be used again.
    const value = Buffer.from(body.subarray(equals + 1, end - 1));
    if (keyword === SPARSE_PAIR[sparse.length % 2]) sparse.push(value.toString('latin1'));
    else records.set(keyword, value);
    offset = end;
  }
  if (sparse.length > 0) records.set('GNU.sparse.map', Buffer.from(sparse.join(','), 'latin1'));
  return records;
}

/** A decimal number from a record, rounded down to a whole one: times may have a fraction, and only they a sign. */
export function paxNumber(records: PaxRecords, keyword: string): number | undefined {
  const value = records.get(keyword);
  if (value === undefined || value.length === 0) return undefined;
  const pattern = keyword === 'mtime' ? /^-?\d{1,15}(?:\.\d*)?$/ : /^\d{1,15}$/;
  const text = value.toString('latin1');
  if (!pattern.test(text)) throw new FormatError('malformed', `its pax record ${keyword} is not a number`);
  // + 0: no negative zero.
  return Math.floor(Number(text)) + 0;
}

const XATTR = 'SCHILY.xattr.';

/** Extended attributes by name, as GNU tar, star, libarchive and container tools write them; `undefined` if none. */
export function paxXattrs(records: PaxRecords): Readonly<Record<string, Uint8Array>> | undefined {
  const xattrs: [string, Uint8Array][] = [];
  for (const [keyword, value] of records) {
    if (keyword.startsWith(XATTR) && keyword.length > XATTR.length) xattrs.push([keyword.slice(XATTR.length), value]);
  }
  if (xattrs.length === 0) return undefined;
  return Object.fromEntries(xattrs.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function malformed(offset: number): FormatError {
  return new FormatError('malformed', `its pax header has no proper record at byte ${offset}`);
}
