import type { BootDisk } from '../encode/boot-disk.js';
import type { PredictedPcrs } from '../format/pcr.js';
import type { LockedImage } from '../model/lock.js';
import { type EncodeOptions, encodeImage } from './encode.js';
import type { Workshop } from './workshop.js';

/** By what the boot of a disk can be told from any other. */
export interface PredictedBoot {
  readonly commandLine: string;
  /** Of a root that dm-verity checks: 64 hexadecimal digits. */
  readonly rootHash?: string;
  /** SHA-256 of the UKI as Secure Boot counts it, signed or not: what db and dbx may name. */
  readonly peHash: string;
  /** What a TPM will hold where firmware enforces Secure Boot, and where it does not. PCR 7 follows from the keys alone. */
  readonly pcrs: { readonly enforced: PredictedPcrs; readonly notEnforced: PredictedPcrs };
}

/** Lock → what is known of the boot of each of its disks, raw, qcow2 or a cloud's, before any is written. */
export async function predict(
  image: LockedImage,
  options: Pick<EncodeOptions, 'signer'>,
  workshop: Workshop,
): Promise<PredictedBoot> {
  const { disk } = await encodeImage(image, { ...options, format: 'raw-efi' }, workshop);
  if (disk === undefined) throw new TypeError('raw-efi is no disk');
  return predictBoot(disk);
}

export async function predictBoot({ uki, commandLine, verity }: BootDisk): Promise<PredictedBoot> {
  const { predictPcrs } = await import('../format/pcr.js');
  const { measured } = uki;
  return {
    commandLine,
    ...(verity ? { rootHash: verity.rootHash } : {}),
    peHash: measured.peHash,
    pcrs: {
      enforced: predictPcrs(measured, { enforced: true }),
      notEnforced: predictPcrs(measured, { enforced: false }),
    },
  };
}
