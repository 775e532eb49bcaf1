import { FormatError } from './error.js';

/** The section in which a Linux module says what it is; one `key=value` after the other, each ended by a NUL. */
const SECTION = '.modinfo';

/** Offsets in the header of a 64-bit ELF file: ELF specification 1.2 (TIS), figure 1-3, with 8-byte addresses. */
const HEADER = { bytes: 64, class: 4, data: 5, sectionTable: 40, sectionBytes: 58, sections: 60, nameSection: 62 };
/** Offsets in a section header, figure 1-9. */
const SECTION_HEADER = { bytes: 64, name: 0, offset: 24, size: 32 };
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

/**
 * What a kernel module (a 64-bit little-endian ELF file) says of itself: pairs of key and value in their order; keys
 * such as `alias` come more than once. Empty for a file without that section.
 * @throws {FormatError} `malformed`, `truncated` for tables beyond the end, `unsupported` for other kinds of ELF.
 */
export function readModinfo(elf: Buffer): (readonly [key: string, value: string])[] {
  const section = findSection(elf, SECTION);
  if (section === undefined) return [];
  const pairs: (readonly [string, string])[] = [];
  for (const text of section.toString('utf8').split('\0')) {
    const equals = text.indexOf('=');
    if (equals > 0) pairs.push([text.slice(0, equals), text.slice(equals + 1)]);
  }
  return pairs;
}

function findSection(elf: Buffer, wanted: string): Buffer | undefined {
  if (elf.length < HEADER.bytes || elf.toString('latin1', 0, 4) !== '\x7fELF')
    throw failure('malformed', 'it is no ELF file');
  if (elf[HEADER.class] !== CLASS_64 || elf[HEADER.data] !== LITTLE_ENDIAN) {
    throw failure('unsupported', 'it is not 64-bit little-endian');
  }
  const count = elf.readUInt16LE(HEADER.sections);
  const entryBytes = elf.readUInt16LE(HEADER.sectionBytes);
  if (count > 0 && entryBytes !== SECTION_HEADER.bytes)
    throw failure('malformed', `its section headers have ${entryBytes} bytes`);
  const table = part(elf, { offset: elf.readBigUInt64LE(HEADER.sectionTable), size: BigInt(count * entryBytes) });
  const headers = Array.from({ length: count }, (_, at) => table.subarray(at * entryBytes, (at + 1) * entryBytes));
  const nameHeader = headers[elf.readUInt16LE(HEADER.nameSection)];
  if (nameHeader === undefined) {
    if (count === 0) return undefined;
    throw failure('malformed', 'its sections have no names');
  }
  const names = bodyOf(elf, nameHeader);
  const name = Buffer.from(`${wanted}\0`);
  const found = headers.find((header) => {
    const at = header.readUInt32LE(SECTION_HEADER.name);
    return names.subarray(at, at + name.length).equals(name);
  });
  return found && bodyOf(elf, found);
}

function bodyOf(elf: Buffer, header: Buffer): Buffer {
  const offset = header.readBigUInt64LE(SECTION_HEADER.offset);
  return part(elf, { offset, size: header.readBigUInt64LE(SECTION_HEADER.size) });
}

function part(elf: Buffer, { offset, size }: { readonly offset: bigint; readonly size: bigint }): Buffer {
  // As big integers: sums of two numbers out of a file may be beyond what a number holds exactly.
  if (offset + size > BigInt(elf.length)) throw failure('truncated', 'a section lies beyond its end');
  return elf.subarray(Number(offset), Number(offset + size));
}

function failure(code: 'malformed' | 'truncated' | 'unsupported', what: string): FormatError {
  return new FormatError(code, `Cannot read the kernel module: ${what}`);
}
