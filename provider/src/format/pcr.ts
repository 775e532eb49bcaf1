import { hash } from 'node:crypto';
import { readSignatureLists, signatureBytes } from './efi-signature-list.js';
import { GLOBAL_VARIABLE, type SecureBootName, vendorOf } from './efi-variable.js';
import { type Guid, guidBytes } from './guid.js';

/**
 * What the registers of a TPM will hold, bank SHA-256, when UEFI firmware has started a UKI: as the TCG's "PC Client
 * Platform Firmware Profile" (PFP 1.06) has it for the firmware, and systemd's "TPM2 PCR Measurements Made by systemd"
 * for its stub.
 */

const REGISTER_BYTES = 32;
/** EV_SEPARATOR of a boot without failure (PFP section 3.3.2.2). */
const SEPARATOR = new Uint8Array(4);
/** EV_EFI_ACTION when a boot option is tried (PFP section 3.3.4.5). */
const BOOT_ATTEMPT = 'Calling EFI Application from Boot Option';

/** The order in which the stub of systemd 257 measures sections, whatever order they lie in. */
const MEASURED = [
  ...['.linux', '.osrel', '.cmdline', '.initrd', '.ucode', '.splash', '.dtb', '.uname', '.sbat', '.pcrpkey'],
  ...['.profile', '.dtbauto', '.hwids'],
];

/** What a register holds after so many digests, in their order (TPM 2.0 Part 1, section 17.2). */
export function extend(digests: Iterable<Uint8Array>): Buffer {
  let register = Buffer.alloc(REGISTER_BYTES);
  for (const digest of digests) register = sha256(register, digest);
  return register;
}

/**
 * PCR 4: which programs firmware has started. The first attempt to boot must be the one that succeeds.
 * @param images hashes of PE images, in the order they are started
 */
export function pcr4(images: readonly Uint8Array[]): Buffer {
  return extend([sha256(Buffer.from(BOOT_ATTEMPT)), sha256(SEPARATOR), ...images]);
}

export interface SecureBootPolicy {
  /** What the variables hold: signature lists; one that is missing is not set. */
  readonly variables: Readonly<Partial<Record<SecureBootName, Uint8Array>>>;
  /** The entry of db by which the program is let through: EFI_SIGNATURE_DATA. Only where Secure Boot is on. */
  readonly authority?: Uint8Array;
}

/** PCR 7: whether Secure Boot is on, by which keys, and by which of them the program was let through (PFP 3.3.4.8). */
export function pcr7({ variables, authority }: SecureBootPolicy): Buffer {
  const on = variables.PK !== undefined;
  const names = ['PK', 'KEK', 'db', 'dbx'] as const;
  return extend([
    variableEvent({ vendor: GLOBAL_VARIABLE, name: 'SecureBoot', data: Uint8Array.of(on ? 1 : 0) }),
    ...names.map((name) => variableEvent({ vendor: vendorOf(name), name, data: variables[name] ?? new Uint8Array() })),
    sha256(SEPARATOR),
    ...(authority === undefined ? [] : [variableEvent({ vendor: vendorOf('db'), name: 'db', data: authority })]),
  ]);
}

/** A section of a UKI, and the SHA-256 of its content. */
export interface SectionDigest {
  readonly name: string;
  readonly sha256: Uint8Array;
}

/**
 * PCR 11: what is in the UKI, as the stub measures it before anything of it runs: for each section its name with a NUL,
 * and its content. Phases of a boot that systemd itself adds later are not in it.
 */
export function pcr11(sections: readonly SectionDigest[]): Buffer {
  const inOrder = MEASURED.flatMap((name) => sections.filter((section) => section.name === name));
  return extend(inOrder.flatMap(({ name, sha256: content }) => [sha256(Buffer.from(`${name}\0`)), content]));
}

/** PCR 12: command lines and credentials that are given from outside. A UKI without any leaves it as it was. */
export function pcr12(): Buffer {
  return Buffer.alloc(REGISTER_BYTES);
}

/** What firmware and the stub measure of a UKI. All in hexadecimal digits. */
export interface MeasuredUki {
  /** SHA-256 of all but the signature: what is signed, what PCR 4 gets, and what db and dbx may name. */
  readonly peHash: string;
  /** That of the kernel, which firmware that does not enforce Secure Boot starts as a program of its own. */
  readonly kernelPeHash: string;
  /** SHA-256 of the content of each section that PCR 11 gets. */
  readonly sections: readonly { readonly name: string; readonly sha256: string }[];
}

export interface SecureBootState {
  /** Whether firmware has refused what is not signed. */
  readonly enforced: boolean;
  /** What the variables hold: signature lists. Where they are not known, PCR 7 is not told. */
  readonly variables?: SecureBootPolicy['variables'];
  /** In DER, that by which the UKI was signed, or what leads to it: those of the signer. Where it is enforced. */
  readonly certificates?: readonly Uint8Array[];
}

/** Values of registers, bank SHA-256, in hexadecimal digits. */
export interface PredictedPcrs {
  readonly 4: string;
  readonly 7?: string;
  readonly 11: string;
  readonly 12: string;
}

/**
 * What the registers hold when a UKI has started the kernel. Firmware that is not made of edk2 may measure more into PCR 4
 * and 7; PCR 11 and 12 are the stub's alone.
 * @throws {FormatError} as readSignatureLists() does.
 */
export function predictPcrs(uki: MeasuredUki, state: SecureBootState): PredictedPcrs {
  const { enforced, variables, certificates = [] } = state;
  // Where it is enforced, the stub itself vouches for the kernel, and firmware does not get to see it.
  const images = enforced ? [uki.peHash] : [uki.peHash, uki.kernelPeHash];
  const sections = uki.sections.map(({ name, sha256: digest }) => ({ name, sha256: Buffer.from(digest, 'hex') }));
  const authority = enforced ? authorityIn(variables?.db, certificates) : undefined;
  const known = variables !== undefined && (!enforced || authority !== undefined);
  return {
    4: pcr4(images.map((image) => Buffer.from(image, 'hex'))).toString('hex'),
    ...(known ? { 7: pcr7({ variables, ...(authority ? { authority } : {}) }).toString('hex') } : {}),
    11: pcr11(sections).toString('hex'),
    12: pcr12().toString('hex'),
  };
}

/** The first entry of db that is one of the certificates. */
function authorityIn(db: Uint8Array | undefined, certificates: readonly Uint8Array[]): Uint8Array | undefined {
  const entries = readSignatureLists(db ?? new Uint8Array()).flatMap(({ signatures }) => signatures);
  const entry = entries.find(({ data }) => certificates.some((certificate) => Buffer.compare(certificate, data) === 0));
  return entry === undefined ? undefined : signatureBytes(entry);
}

interface Variable {
  readonly vendor: Guid;
  readonly name: string;
  readonly data: Uint8Array;
}

/** The digest of UEFI_VARIABLE_DATA (PFP section 10.2.6). */
function variableEvent({ vendor, name, data }: Variable): Buffer {
  const text = Buffer.from(name, 'utf16le');
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64LE(BigInt(name.length), 0); // UnicodeNameLength, in characters
  lengths.writeBigUInt64LE(BigInt(data.byteLength), 8); // VariableDataLength
  return sha256(guidBytes(vendor), lengths, text, data);
}

function sha256(...parts: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  return Buffer.from(hash('sha256', Buffer.concat(parts), 'buffer'));
}
