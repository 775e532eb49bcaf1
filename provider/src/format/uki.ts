import { FormatError } from './error.js';
import { PE_NX_COMPAT, PE_OPTIONAL, PE_SECTION, PE_SECTION_BYTES, type PeImage, readPe } from './pe.js';

/**
 * Unified kernel images, as the UAPI group's specification "Unified Kernel Image (UKI)" names their sections and as
 * ukify 257 lays them out, byte for byte.
 */

/** `Characteristics` of a section. */
const CODE = 0x0000_0020;
const INITIALIZED_DATA = 0x0000_0040;
const READ = 0x4000_0000;

const MAX_U32 = 0xffff_ffff;
const NAME_BYTES = 8;

/** The order in which sections are laid out. */
const ORDER = ['.osrel', '.cmdline', '.dtb', '.uname', '.splash', '.pcrpkey', '.linux', '.initrd', '.ucode', '.sbat'];

/** What a UKI says of itself where nothing else is given. */
export const UKI_SBAT = 'uki,1,UKI,uki,1,https://uapi-group.org/specifications/specs/unified_kernel_image/';
const SBAT_HEAD = 'sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md';
/** Far more than any has. */
const MAX_SBAT_BYTES = 1 << 16;

export interface UkiSection {
  /** With its dot: `.linux`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Where the stub has a section of that name already, its bytes: they take the place of what is there. */
  readonly bytes?: Uint8Array;
}

/** A section at its place in the file. */
export interface PlacedSection {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

export interface UkiLayout {
  /** What the file begins with: headers and the stub. */
  readonly head: Buffer;
  /** What follows, in order, each section at its place; zeros lie between. */
  readonly sections: readonly PlacedSection[];
  readonly sizeBytes: number;
}

/**
 * Where the sections lie behind the stub, and the stub with headers that name them. Sections without bytes are left out.
 * @param kernelNx whether the kernel bears memory that is not writable and executable at once; the whole must not claim
 *   what the kernel cannot
 * @throws {FormatError} `unsupported` for a signed or old stub, `too-large` without room for a header or in a section of
 *   the stub, `out-of-range` for a name or size that does not fit.
 */
export function layOutUki(
  stub: Uint8Array,
  { sections, kernelNx }: { readonly sections: readonly UkiSection[]; readonly kernelNx: boolean },
): UkiLayout {
  const pe = readPe(stub);
  checkStub(pe);
  const head = Buffer.from(stub);
  const placed: PlacedSection[] = [];
  let last = pe.sections.at(-1) as { readonly virtualAddress: number; readonly virtualSizeBytes: number };
  let count = pe.sections.length;
  let end = head.byteLength;
  let initialized = head.readUInt32LE(pe.optionalHeaderOffset + PE_OPTIONAL.sizeOfInitializedData);
  for (const section of inOrder(sections)) {
    if (section.sizeBytes === 0 || replaceInStub(head, { pe, section })) continue;
    const headerOffset = pe.sectionTableOffset + count * PE_SECTION_BYTES;
    if (headerOffset + PE_SECTION_BYTES > pe.headersBytes) {
      throw new FormatError(
        'too-large',
        `Cannot add the section ${section.name}: the stub's headers have no room left`,
      );
    }
    const offset = roundUp(end, pe.fileAlignment);
    const rawSizeBytes = roundUp(section.sizeBytes, pe.fileAlignment);
    const virtualAddress = roundUp(last.virtualAddress + last.virtualSizeBytes, pe.sectionAlignment);
    head.fill(0, headerOffset, headerOffset + PE_SECTION_BYTES);
    head.set(nameBytes(section.name), headerOffset + PE_SECTION.name);
    writeU32(head, headerOffset + PE_SECTION.virtualSize, { name: section.name, value: section.sizeBytes });
    writeU32(head, headerOffset + PE_SECTION.virtualAddress, { name: section.name, value: virtualAddress });
    writeU32(head, headerOffset + PE_SECTION.rawSize, { name: section.name, value: rawSizeBytes });
    writeU32(head, headerOffset + PE_SECTION.rawOffset, { name: section.name, value: offset });
    const content = section.name === '.linux' ? CODE : INITIALIZED_DATA;
    head.writeUInt32LE(READ | content, headerOffset + PE_SECTION.characteristics);
    placed.push({ name: section.name, offset, sizeBytes: section.sizeBytes });
    last = { virtualAddress, virtualSizeBytes: section.sizeBytes };
    initialized += section.sizeBytes;
    end = offset + rawSizeBytes;
    count += 1;
  }
  head.writeUInt16LE(count, pe.coffHeaderOffset + 2); // NumberOfSections
  const optional = pe.optionalHeaderOffset;
  writeU32(head, optional + PE_OPTIONAL.sizeOfInitializedData, { name: 'SizeOfInitializedData', value: initialized });
  const sizeOfImage = roundUp(last.virtualAddress + last.virtualSizeBytes, pe.sectionAlignment);
  writeU32(head, optional + PE_OPTIONAL.sizeOfImage, { name: 'SizeOfImage', value: sizeOfImage });
  // Firmware does not look at it, and it would need the whole file once more.
  head.writeUInt32LE(0, pe.checksumOffset);
  if (!kernelNx) {
    head.writeUInt16LE(pe.dllCharacteristics & ~PE_NX_COMPAT, optional + PE_OPTIONAL.dllCharacteristics);
  }
  return { head, sections: placed, sizeBytes: end };
}

function checkStub(pe: PeImage): void {
  const wrong =
    pe.certificates !== undefined
      ? 'it is signed already'
      : pe.symbolTableOffset !== 0
        ? 'it has a symbol table'
        : pe.headersBytes % pe.fileAlignment !== 0 || pe.sectionAlignment < 4096
          ? 'it has no room for more headers'
          : pe.sections.some(({ rawOffset, rawSizeBytes }) => (rawOffset | rawSizeBytes) % pe.fileAlignment !== 0)
            ? 'its sections are not aligned'
            : undefined;
  if (wrong === undefined) return;
  throw new FormatError('unsupported', `Cannot use the stub: ${wrong}; wanted an unsigned one of systemd 254 or later`);
}

/** Other sections come behind those of the order, as they are given, and before `.sbat`. */
function inOrder(sections: readonly UkiSection[]): UkiSection[] {
  const rank = ({ name }: UkiSection): number => {
    const known = ORDER.indexOf(name);
    return known < 0 ? ORDER.length - 1.5 : known;
  };
  return [...sections].sort((one, other) => rank(one) - rank(other));
}

interface Replacement {
  readonly pe: PeImage;
  readonly section: UkiSection;
}

/** Whether the stub has a section of that name; its content is then what was given. */
function replaceInStub(head: Buffer, { pe, section }: Replacement): boolean {
  const existing = pe.sections.find(({ name }) => name === section.name);
  if (existing === undefined) return false;
  const { rawOffset, rawSizeBytes, headerOffset } = existing;
  if (section.bytes === undefined || section.sizeBytes > rawSizeBytes) {
    throw new FormatError(
      'too-large',
      `Cannot put ${section.sizeBytes} bytes into the stub's section ${section.name}: it has room for ${rawSizeBytes}`,
    );
  }
  head.fill(0, rawOffset, rawOffset + rawSizeBytes);
  head.set(section.bytes, rawOffset);
  head.writeUInt32LE(section.sizeBytes, headerOffset + PE_SECTION.virtualSize);
  return true;
}

/**
 * The `.sbat` section of a UKI: the generations of its stub, its kernel, and itself, under one first line (shim's
 * SBAT.md).
 * @param parts contents of other `.sbat` sections, or text; a first line that begins with `sbat,` is not repeated
 */
export function mergeSbat(parts: readonly (Uint8Array | string)[]): Buffer {
  const lines = parts.flatMap((part) => {
    const text = (typeof part === 'string' ? part : Buffer.from(part).toString('utf8')).replace(/\0+$/, '');
    if (Buffer.byteLength(text) > MAX_SBAT_BYTES) {
      throw new FormatError('too-large', `Cannot merge SBAT: a part has more than ${MAX_SBAT_BYTES} bytes`);
    }
    return text.split(/\r\n|\n|\r/).filter((line) => line !== '' && !line.startsWith('sbat,'));
  });
  return Buffer.from(`${[SBAT_HEAD, ...lines].join('\n')}\n\0`);
}

function nameBytes(name: string): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.byteLength >= 1 && bytes.byteLength <= NAME_BYTES) return bytes;
  throw new FormatError(
    'out-of-range',
    `Cannot name a section ${JSON.stringify(name)}: wanted 1 to ${NAME_BYTES} bytes`,
  );
}

function writeU32(
  head: Buffer,
  offset: number,
  { name, value }: { readonly name: string; readonly value: number },
): void {
  if (value > MAX_U32) {
    throw new FormatError('out-of-range', `Cannot write ${name}: ${value} is beyond 4 GiB, which no PE image can have`);
  }
  head.writeUInt32LE(value, offset);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
