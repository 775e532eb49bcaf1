/**
 * Where a machine finds its root, told to the initramfs of its disk by the kernel command line. The one place of these
 * names; `guest/initramfs/init` reads them.
 */
export type RootPlace =
  /** In the initramfs itself, as the file `ROOT_FILE`. */
  | { readonly in: 'ram' }
  /** In a partition, found by its GUID (UEFI 2.10, table 5.6, "Unique Partition GUID"). */
  | { readonly in: 'partition'; readonly guid: string; readonly verity?: VerityPlace }
  /** On a whole virtio disk, found by its serial number. */
  | { readonly in: 'disk'; readonly serial: string };

/** The hash tree of a root: in a partition of its own, its superblock in the first of its blocks of 4096 bytes. */
export interface VerityPlace {
  readonly guid: string;
  /** In hex: sha256. */
  readonly rootHash: string;
  /** In hex. */
  readonly salt: string;
  /** Blocks of the root that it covers, of 4096 bytes each. */
  readonly blocks: number;
}

/** Path in the initramfs of a root that is carried in it: an EROFS. */
export const ROOT_FILE = 'root.erofs';

/** The serial number of a disk that holds nothing but the root, as `kernel+erofs` has it. */
export const ROOT_SERIAL = 'ingot-root';

/**
 * On the kernel command line of a machine that is booted as a test, and runs the commands of that test; the virtio port
 * that they come through has the same name.
 */
export const COMMANDS_WORD = 'ingot.commands';

/** On the kernel command line, before how many times as long the guest may take until it is ready. */
export const PATIENCE_WORD = 'ingot.patience=';

/** A virtio disk says no more of its serial number (virtio 1.2, 5.2.6, VIRTIO_BLK_T_GET_ID). */
export const SERIAL_BYTES = 20;

/** Words for the kernel command line. */
export function rootArguments(root: RootPlace): string {
  switch (root.in) {
    case 'ram':
      // A root= that is not a disk makes the kernel unpack into a ramfs: a tmpfs would end at half of the memory.
      return 'root=/dev/ram0 ingot.root=ram';
    case 'partition':
      return [`ingot.root=partition:${guidText(root.guid)}`, ...(root.verity ? verityArguments(root.verity) : [])].join(
        ' ',
      );
    case 'disk':
      return `ingot.root=serial:${checked(root.serial, /^[A-Za-z0-9._-]{1,20}$/, 'serial')}`;
  }
}

function verityArguments({ guid, rootHash, salt, blocks }: VerityPlace): string[] {
  if (!Number.isSafeInteger(blocks) || blocks < 1) throw new RangeError(`verity.blocks: ${blocks} is not a count`);
  return [
    `ingot.verity=${checked(rootHash, /^[0-9a-f]{64}$/, 'verity.rootHash')}`,
    `ingot.verity.salt=${checked(salt, /^([0-9a-f]{2}){1,256}$/, 'verity.salt')}`,
    `ingot.verity.blocks=${blocks}`,
    `ingot.verity.partition=${guidText(guid)}`,
  ];
}

/** In lower case, as the kernel writes it. */
function guidText(guid: string): string {
  return checked(guid.toLowerCase(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'guid');
}

function checked(text: string, pattern: RegExp, field: string): string {
  if (!pattern.test(text)) throw new RangeError(`${field}: ${text} is not of the form ${pattern.source}`);
  return text;
}
