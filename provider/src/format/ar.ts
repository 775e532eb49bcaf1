import type { ByteSource } from './byte-source.js';
import { FormatError } from './error.js';

/** A file in an ar archive; its bytes lie at `offset` of the archive. */
export interface ArMember {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** deb(5): "The file begins with the magic `!<arch>`, followed by a newline". */
const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;
/** Packages have three; an archive with more than this is no package but an attack on the reader. */
const MAX_MEMBERS = 64;

/**
 * Reads the index of an ar(5) archive as Debian packages are: short names only, which may end with a slash (GNU) or
 * not (BSD). Members come in the archive's order; their bytes are not read.
 * @throws {FormatError} `malformed`, `truncated`, or `unsupported` for long names and too many members.
 */
export async function readAr(source: ByteSource): Promise<ArMember[]> {
  const magic = await source.read(0, Math.min(MAGIC.length, source.sizeBytes));
  if (latin1(magic) !== MAGIC) throw failure('malformed', 'it does not begin with !<arch>');
  const members: ArMember[] = [];
  for (let offset = MAGIC.length; offset < source.sizeBytes; ) {
    if (members.length === MAX_MEMBERS) throw failure('unsupported', `it has more than ${MAX_MEMBERS} members`);
    if (source.sizeBytes - offset < HEADER_BYTES) throw failure('truncated', `it ends within the header at ${offset}`);
    const member = decodeHeader(await source.read(offset, HEADER_BYTES), offset);
    const end = member.offset + member.sizeBytes;
    if (end > source.sizeBytes) throw failure('truncated', `it ends within ${member.name}`);
    members.push(member);
    // "Each member is aligned to an even byte boundary"; the last one's padding may be missing.
    offset = end + (end % 2);
  }
  return members;
}

function decodeHeader(header: Uint8Array, offset: number): ArMember {
  // name[16] mtime[12] uid[6] gid[6] mode[8] size[10] end[2]
  const text = latin1(header);
  if (text.slice(58, 60) !== '`\n') throw failure('malformed', `there is no member header at ${offset}`);
  const size = /^(\d{1,10}) *$/.exec(text.slice(48, 58))?.[1];
  if (size === undefined) throw failure('malformed', `the size of the member at ${offset} is not a decimal number`);
  const field = text.slice(0, 16).trimEnd();
  if (field.startsWith('/') || field.startsWith('#1/')) {
    throw failure('unsupported', `the member at ${offset} has a long name or is a table`);
  }
  const name = field.replace(/\/$/, '');
  if (!/^[!-.0-~][ -.0-~]*$/.test(name)) throw failure('malformed', `the member at ${offset} has no proper name`);
  return { name, offset: offset + HEADER_BYTES, sizeBytes: Number(size) };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function failure(code: 'malformed' | 'truncated' | 'unsupported', what: string): FormatError {
  return new FormatError(code, `Cannot read the ar archive: ${what}`);
}
