import { FormatError } from './error.js';
import { GUID_BYTES, type Guid, guidBytes, guidText } from './guid.js';

/** Lists of certificates and hashes, as PK, KEK, db and dbx hold them (UEFI 2.10 section 32.4.1). */

/** EFI_CERT_X509_GUID and EFI_CERT_SHA256_GUID. */
export const SIGNATURE_TYPE = {
  x509: 'a5c059a1-94e4-4aa7-87b5-ab155c2bf072',
  sha256: 'c1c41626-504c-4092-aca9-41f936934328',
} as const;

export interface EfiSignature {
  /** Who put it there. It has no meaning to firmware. */
  readonly owner: Guid;
  /** A certificate in DER, or a hash. */
  readonly data: Uint8Array;
}

export interface EfiSignatureList {
  readonly type: Guid;
  readonly signatures: readonly EfiSignature[];
}

/** SignatureType, SignatureListSize, SignatureHeaderSize, SignatureSize. */
const HEAD_BYTES = GUID_BYTES + 12;
/** As edk2: what a variable can hold is less. */
const MAX_BYTES = 1 << 20;

/**
 * Certificates as a variable has them: each in a list of its own, since all of a list must be of one size.
 * @throws {FormatError} `malformed` for an owner that is no GUID.
 */
export function certificateLists(certificates: readonly Uint8Array[], owner: Guid): Buffer {
  return Buffer.concat(
    certificates.map((data) => signatureListBytes({ type: SIGNATURE_TYPE.x509, signatures: [{ owner, data }] })),
  );
}

/** @throws {FormatError} `out-of-range` for signatures of several sizes; `malformed` for a GUID that is none. */
export function signatureListBytes({ type, signatures }: EfiSignatureList): Buffer {
  const sizeBytes = GUID_BYTES + (signatures[0]?.data.byteLength ?? 0);
  if (signatures.some(({ data }) => GUID_BYTES + data.byteLength !== sizeBytes)) {
    throw new FormatError('out-of-range', 'Cannot write a signature list: its signatures are not of one size');
  }
  const head = Buffer.alloc(HEAD_BYTES);
  head.set(guidBytes(type), 0); // SignatureType
  head.writeUInt32LE(HEAD_BYTES + signatures.length * sizeBytes, 16); // SignatureListSize
  head.writeUInt32LE(0, 20); // SignatureHeaderSize
  head.writeUInt32LE(sizeBytes, 24); // SignatureSize
  return Buffer.concat([head, ...signatures.map(signatureBytes)]);
}

/** EFI_SIGNATURE_DATA: also what is measured of the signature by which an image was let through. */
export function signatureBytes({ owner, data }: EfiSignature): Buffer {
  return Buffer.concat([guidBytes(owner), data]);
}

/**
 * The lists that a variable holds.
 * @throws {FormatError} `malformed`, `truncated` or `too-large`.
 */
export function readSignatureLists(bytes: Uint8Array): EfiSignatureList[] {
  if (bytes.byteLength > MAX_BYTES) {
    throw new FormatError(
      'too-large',
      `Cannot read signature lists of ${bytes.byteLength} bytes; at most ${MAX_BYTES}`,
    );
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lists: EfiSignatureList[] = [];
  for (let offset = 0; offset < buffer.byteLength; ) {
    const left = buffer.byteLength - offset;
    if (left < HEAD_BYTES) throw truncated(offset);
    const listBytes = buffer.readUInt32LE(offset + 16);
    const begin = HEAD_BYTES + buffer.readUInt32LE(offset + 20);
    const sizeBytes = buffer.readUInt32LE(offset + 24);
    if (listBytes > left) throw truncated(offset);
    if (begin > listBytes || sizeBytes < GUID_BYTES || (listBytes - begin) % sizeBytes !== 0) {
      throw new FormatError(
        'malformed',
        `Cannot read the signature list at ${offset}: its sizes do not fit each other`,
      );
    }
    const signatures: EfiSignature[] = [];
    for (let at = offset + begin; at < offset + listBytes; at += sizeBytes) {
      const data = Uint8Array.from(buffer.subarray(at + GUID_BYTES, at + sizeBytes));
      signatures.push({ owner: guidText(buffer.subarray(at, at + GUID_BYTES)), data });
    }
    lists.push({ type: guidText(buffer.subarray(offset, offset + GUID_BYTES)), signatures });
    offset += listBytes;
  }
  return lists;
}

function truncated(offset: number): FormatError {
  return new FormatError('truncated', `Cannot read the signature list at ${offset}: it ends behind the input's end`);
}
