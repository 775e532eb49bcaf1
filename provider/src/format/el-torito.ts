import { FormatError } from './error.js';
import { ISO_BLOCK_BYTES, type IsoExtension, isoDescriptor } from './iso9660.js';

/**
 * A CD-ROM that UEFI boots: "El Torito" Bootable CD-ROM Format Specification 1.0, cited below by its figures, and UEFI
 * 2.10 section 13.3.2.
 */

/** UEFI 2.10 section 13.3.2.1: of boot images that are EFI system partitions. */
const PLATFORM_EFI = 0xef;
const BOOT_RECORD = 0;
const CATALOG_ENTRY_BYTES = 32;
/** Sectors of the boot image are those of an emulated disk, whatever the CD has. */
const VIRTUAL_SECTOR_BYTES = 512;

export interface EfiBootImage {
  /** Where the EFI system partition lies, a multiple of 2048. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Descriptor and catalog, for isoDirectory().
 * @throws {FormatError} `out-of-range`, with the field's name.
 */
export function efiBootCatalog(image: EfiBootImage, catalogBlock: number): IsoExtension {
  const block = image.offset / ISO_BLOCK_BYTES;
  if (!Number.isInteger(block) || block > 0xffff_ffff) {
    throw new FormatError(
      'out-of-range',
      `Cannot write a boot catalog: offset is ${image.offset}; wanted a multiple of ${ISO_BLOCK_BYTES} below 8 TiB`,
      { context: { property: 'offset' } },
    );
  }
  return { descriptor: bootRecord(catalogBlock), blocks: catalog(block, image.sizeBytes) };
}

/** Figure 7: boot record volume descriptor. */
function bootRecord(catalogBlock: number): Buffer {
  const descriptor = isoDescriptor(BOOT_RECORD);
  descriptor.write('EL TORITO SPECIFICATION', 7, 'latin1'); // Boot System Identifier, NULs behind
  descriptor.writeUInt32LE(catalogBlock, 0x47); // first sector of the boot catalog
  return descriptor;
}

function catalog(block: number, sizeBytes: number): Buffer {
  const catalog = Buffer.alloc(ISO_BLOCK_BYTES);
  const validation = catalog.subarray(0, CATALOG_ENTRY_BYTES); // Figure 2
  validation.writeUInt8(1, 0); // Header ID
  validation.writeUInt8(PLATFORM_EFI, 1); // Platform ID
  validation.writeUInt16LE(0xaa55, 30); // Key bytes
  // Checksum word: the sum of all words is 0.
  let sum = 0;
  for (let at = 0; at < CATALOG_ENTRY_BYTES; at += 2) sum += validation.readUInt16LE(at);
  validation.writeUInt16LE((0x1_0000 - (sum & 0xffff)) & 0xffff, 28);
  const entry = catalog.subarray(CATALOG_ENTRY_BYTES, 2 * CATALOG_ENTRY_BYTES); // Figure 3: initial/default entry
  entry.writeUInt8(0x88, 0); // Boot Indicator: bootable
  entry.writeUInt8(0, 1); // Boot media type: no emulation
  entry.writeUInt16LE(0, 2); // Load Segment: of no use to UEFI
  entry.writeUInt8(0, 4); // System Type
  // UEFI 13.3.2.1: 0 stands for all to the end of the CD, which is what is left to say of more than 32 MiB. The file
  // system knows its own size.
  const sectors = Math.ceil(sizeBytes / VIRTUAL_SECTOR_BYTES);
  entry.writeUInt16LE(sectors > 0xffff ? 0 : sectors, 6); // Sector Count
  entry.writeUInt32LE(block, 8); // Load RBA
  return catalog;
}
