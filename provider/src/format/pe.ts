import { FormatError } from './error.js';

/**
 * The headers of a PE32+ image (Microsoft's "PE Format"): what firmware, stubs and kernels begin with. Section numbers
 * are not given there; fields have its names in the comments.
 */

/** Headers lie within as many bytes from the file's begin. */
export const PE_HEAD_BYTES = 1 << 16;
/** `NumberOfSections`: loaders take no more. */
const MAX_SECTIONS = 96;
export const PE_SECTION_BYTES = 40;

/** `DllCharacteristics`: no memory of the image is writable and executable at once. */
export const PE_NX_COMPAT = 0x0100;

export interface PeSection {
  /** At most 8 bytes, without the zeros that fill it up. */
  readonly name: string;
  readonly virtualSizeBytes: number;
  readonly virtualAddress: number;
  readonly rawSizeBytes: number;
  readonly rawOffset: number;
  /** Of its header. */
  readonly headerOffset: number;
}

export interface PeImage {
  readonly machine: number;
  /** In the order of their headers. */
  readonly sections: readonly PeSection[];
  readonly sectionAlignment: number;
  readonly fileAlignment: number;
  readonly headersBytes: number;
  readonly dllCharacteristics: number;
  readonly symbolTableOffset: number;
  /** Where the optional header lies: fields are written by their places in it. */
  readonly optionalHeaderOffset: number;
  readonly coffHeaderOffset: number;
  /** Where the first section's header lies. */
  readonly sectionTableOffset: number;
  /** Where the field `CheckSum` lies, and where the data directory's entry of the certificate table. */
  readonly checksumOffset: number;
  readonly certificateEntryOffset: number;
  /** Signatures; undefined in an image without. */
  readonly certificates?: { readonly offset: number; readonly sizeBytes: number };
}

/** Places in the optional header of PE32+. */
export const PE_OPTIONAL = {
  sizeOfInitializedData: 8,
  sectionAlignment: 32,
  fileAlignment: 36,
  sizeOfImage: 56,
  sizeOfHeaders: 60,
  checkSum: 64,
  dllCharacteristics: 70,
  numberOfRvaAndSizes: 108,
  dataDirectory: 112,
} as const;
const CERTIFICATE_TABLE = 4;

/** Places in a section's header. */
export const PE_SECTION = {
  name: 0,
  virtualSize: 8,
  virtualAddress: 12,
  rawSize: 16,
  rawOffset: 20,
  characteristics: 36,
};

/**
 * Reads the headers.
 * @param head the file's begin: 64 KiB, or all of it
 * @param fileBytes how long the whole file is: no section reaches beyond
 * @throws {FormatError} `malformed`, `truncated`, or `unsupported` for 32-bit images.
 */
export function readPe(head: Uint8Array, fileBytes = head.byteLength): PeImage {
  const view = new Fields(head);
  if (view.u16(0) !== 0x5a4d) throw malformed('it does not begin with MZ');
  const signature = view.u32(0x3c); // e_lfanew
  if (view.u32(signature) !== 0x00004550) throw malformed(`there is no PE signature at ${signature}`);
  const coffHeaderOffset = signature + 4;
  const count = view.u16(coffHeaderOffset + 2); // NumberOfSections
  if (count < 1 || count > MAX_SECTIONS) throw malformed(`it has ${count} sections; wanted 1 to ${MAX_SECTIONS}`);
  const optionalHeaderOffset = coffHeaderOffset + 20;
  const optionalBytes = view.u16(coffHeaderOffset + 16); // SizeOfOptionalHeader
  if (view.u16(optionalHeaderOffset) !== 0x20b) {
    throw new FormatError('unsupported', 'Cannot read the PE image: it is none of 64 bits; wanted PE32+');
  }
  const directories = view.u32(optionalHeaderOffset + PE_OPTIONAL.numberOfRvaAndSizes);
  const entries = PE_OPTIONAL.dataDirectory + 8 * (CERTIFICATE_TABLE + 1);
  if (directories <= CERTIFICATE_TABLE || optionalBytes < entries) {
    throw malformed('its data directory has no entry for a certificate table');
  }
  const sectionTableOffset = optionalHeaderOffset + optionalBytes;
  const headersBytes = view.u32(optionalHeaderOffset + PE_OPTIONAL.sizeOfHeaders);
  const tableEnd = sectionTableOffset + count * PE_SECTION_BYTES;
  if (headersBytes < tableEnd || headersBytes > fileBytes) {
    throw malformed(`its headers have ${headersBytes} bytes; wanted ${tableEnd} to ${fileBytes}`);
  }
  const certificateEntryOffset = optionalHeaderOffset + PE_OPTIONAL.dataDirectory + 8 * CERTIFICATE_TABLE;
  const certificates = certificatesAt(view, { entry: certificateEntryOffset, headersBytes, fileBytes });
  return {
    machine: view.u16(coffHeaderOffset),
    sections: Array.from({ length: count }, (_, index) =>
      sectionAt(view, { headerOffset: sectionTableOffset + index * PE_SECTION_BYTES, fileBytes }),
    ),
    sectionAlignment: alignment(view.u32(optionalHeaderOffset + PE_OPTIONAL.sectionAlignment), 'SectionAlignment'),
    fileAlignment: alignment(view.u32(optionalHeaderOffset + PE_OPTIONAL.fileAlignment), 'FileAlignment'),
    headersBytes,
    dllCharacteristics: view.u16(optionalHeaderOffset + PE_OPTIONAL.dllCharacteristics),
    symbolTableOffset: view.u32(coffHeaderOffset + 8),
    optionalHeaderOffset,
    coffHeaderOffset,
    sectionTableOffset,
    checksumOffset: optionalHeaderOffset + PE_OPTIONAL.checkSum,
    certificateEntryOffset,
    ...(certificates === undefined ? {} : { certificates }),
  };
}

function sectionAt(
  view: Fields,
  { headerOffset, fileBytes }: { readonly headerOffset: number; readonly fileBytes: number },
): PeSection {
  const section = {
    name: view.text(headerOffset + PE_SECTION.name, 8),
    virtualSizeBytes: view.u32(headerOffset + PE_SECTION.virtualSize),
    virtualAddress: view.u32(headerOffset + PE_SECTION.virtualAddress),
    rawSizeBytes: view.u32(headerOffset + PE_SECTION.rawSize),
    rawOffset: view.u32(headerOffset + PE_SECTION.rawOffset),
    headerOffset,
  };
  if (section.rawSizeBytes > 0 && section.rawOffset + section.rawSizeBytes > fileBytes) {
    throw new FormatError(
      'truncated',
      `Cannot read the PE image: section ${JSON.stringify(section.name)} ends behind the file's end, ${fileBytes}`,
    );
  }
  return section;
}

interface CertificatePlace {
  readonly entry: number;
  readonly headersBytes: number;
  readonly fileBytes: number;
}

/** The one entry of the data directory that has a place in the file instead of an address in memory. */
function certificatesAt(
  view: Fields,
  { entry, headersBytes, fileBytes }: CertificatePlace,
): { offset: number; sizeBytes: number } | undefined {
  const [offset, sizeBytes] = [view.u32(entry), view.u32(entry + 4)];
  if (offset === 0 && sizeBytes === 0) return undefined;
  if (offset < headersBytes || offset + sizeBytes > fileBytes) {
    throw malformed(`its certificate table lies at ${offset} and has ${sizeBytes} bytes, outside of the file`);
  }
  return { offset, sizeBytes };
}

function alignment(value: number, field: string): number {
  if (value >= 1 && value <= 1 << 16 && (value & (value - 1)) === 0) return value;
  throw malformed(`${field} is ${value}; wanted a power of 2 of at most 65536`);
}

function malformed(what: string): FormatError {
  return new FormatError('malformed', `Cannot read the PE image: ${what}`);
}

/** Little-endian fields, none beyond the end. */
class Fields {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(offset: number): number {
    return this.#at(offset, 2).readUInt16LE();
  }

  u32(offset: number): number {
    return this.#at(offset, 4).readUInt32LE();
  }

  text(offset: number, sizeBytes: number): string {
    const bytes = this.#at(offset, sizeBytes);
    const end = bytes.indexOf(0);
    return bytes.toString('latin1', 0, end < 0 ? sizeBytes : end);
  }

  #at(offset: number, sizeBytes: number): Buffer {
    if (offset + sizeBytes > this.#bytes.byteLength) {
      throw new FormatError(
        'truncated',
        `Cannot read the PE image: its headers go on behind ${this.#bytes.byteLength}`,
      );
    }
    return this.#bytes.subarray(offset, offset + sizeBytes);
  }
}
