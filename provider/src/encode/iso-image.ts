import { efiBootCatalog } from '../format/el-torito.js';
import { ISO_SYSTEM_AREA_BYTES, isoDirectory } from '../format/iso9660.js';
import { bytesImage } from './content-blocks.js';
import { type DiskImage, imageOfDisk } from './disk-image.js';
import { type DiskOptions, diskLayout, type PartitionRole } from './disk-layout.js';

/** What the partitions are called as files of the CD. */
const FILES: Readonly<Record<PartitionRole, string>> = {
  metadata: 'METADATA.IMG',
  esp: 'EFI.IMG',
  verity: 'VERITY.IMG',
  root: 'ROOT.IMG',
};
/** ECMA-119 section 8.4.6. */
const VOLUME_ID_CHARACTERS = 32;

/**
 * A CD that UEFI boots, and a disk as well: written to a USB stick it boots too. It is the disk of encodeDiskImage(), whose
 * first megabyte has room for the CD's directory; in that the partitions are files. A CD's sectors have 2048 bytes, so
 * whoever boots from it does not see partitions: the ESP is found by the boot catalog, and the rest by the directory.
 */
export function encodeIsoImage(options: DiskOptions): DiskImage {
  const layout = diskLayout(options);
  const { sizeBytes, partitions } = layout;
  const esp = partitions.find(({ role }) => role === 'esp');
  const directory = isoDirectory({
    volumeId: volumeIdOf(options.name),
    sizeBytes,
    files: partitions.map(({ role, offset, image }) => ({ name: FILES[role], offset, sizeBytes: image.sizeBytes })),
    ...(esp === undefined ? {} : { extension: (block: number) => efiBootCatalog(esp, block) }),
  });
  return imageOfDisk(layout, [{ offset: ISO_SYSTEM_AREA_BYTES, image: bytesImage(directory) }]);
}

function volumeIdOf(name: string): string {
  return (
    name
      .replace(/[a-z]+/g, (letters) => letters.toUpperCase())
      .replace(/[^A-Z0-9_]/g, '_')
      .slice(0, VOLUME_ID_CHARACTERS) || 'INGOT'
  );
}
