import type { BootDisk } from '../encode/index.js';
import type { PredictedPcrs } from '../format/pcr.js';

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
