import { createHash } from 'node:crypto';
import { contentInfo, type Signer, signedData } from './cms.js';
import {
  derBitString,
  derContext,
  derContextPrimitive,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  readDer,
} from './der.js';
import { FormatError } from './error.js';
import type { PeImage } from './pe.js';

/** Signatures of PE images (Microsoft's "Windows Authenticode Portable Executable Signature Format"; UEFI 2.10 section 32.2). */

const OID = {
  sha256: '2.16.840.1.101.3.4.2.1',
  spcIndirectData: '1.3.6.1.4.1.311.2.1.4',
  spcPeImageData: '1.3.6.1.4.1.311.2.1.15',
};
/** A certificate table's entries, and with them the file, are a multiple of as many bytes. */
const ENTRY_ALIGN_BYTES = 8;
const WIN_CERT_REVISION_2_0 = 0x0200;
const WIN_CERT_TYPE_PKCS_SIGNED_DATA = 0x0002;

/**
 * The SHA-256 that is signed and that firmware measures ("Calculating the PE Image Hash"): of all bytes but the check
 * sum, the certificate table's entry in the data directory, and the table itself, filled up to a multiple of 8. Bytes
 * count in the order of the file, which is that of the sections here.
 * @throws {FormatError} `truncated` if the bytes end before the headers do, or what the chunks throw.
 */
export async function peImageHash(
  pe: PeImage,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Buffer> {
  const hash = createHash('sha256');
  const skipped = [
    { offset: pe.checksumOffset, end: pe.checksumOffset + 4 },
    { offset: pe.certificateEntryOffset, end: pe.certificateEntryOffset + 8 },
    ...(pe.certificates === undefined ? [] : [{ offset: pe.certificates.offset, end: Number.POSITIVE_INFINITY }]),
  ];
  let at = 0;
  let hashed = 0;
  for await (const chunk of chunks) {
    const end = at + chunk.byteLength;
    let from = at;
    for (const skip of [...skipped, { offset: end, end }]) {
      const to = Math.min(skip.offset, end);
      if (to > from) {
        hash.update(chunk.subarray(from - at, to - at));
        hashed += to - from;
      }
      from = Math.max(from, Math.min(skip.end, end));
    }
    at = end;
  }
  if (at < pe.headersBytes) {
    throw new FormatError('truncated', `Cannot hash the PE image: it ends at ${at}, within its headers`);
  }
  // Twelve bytes were left out, so the padding is reckoned with them.
  hash.update(new Uint8Array(fill(hashed + 12)));
  return hash.digest();
}

export interface SignedPe {
  /** Zeros that fill the image up, and then the certificate table: what is appended to it. */
  readonly appended: Buffer;
  /** What the certificate table's entry in the data directory says from then on. */
  readonly entry: Buffer;
}

/**
 * The signature of an image, to be appended.
 * @param image its hash, and how long it is without a signature
 * @throws {FormatError} as signedData() does, and what the signer throws.
 */
export async function signPe(
  image: { readonly hash: Uint8Array; readonly sizeBytes: number },
  signer: Signer,
): Promise<SignedPe> {
  const content = spcIndirectData(image.hash);
  const { contentOffset } = readDer(content, 0);
  const signed = await signedData(
    // What is hashed is the content without its tag and length ("SignedData", messageDigest).
    { type: OID.spcIndirectData, content, signed: content.subarray(contentOffset), attributes: true },
    signer,
  );
  const cms = contentInfo(signed);
  const table = winCertificate(cms);
  const padding = fill(image.sizeBytes);
  const entry = Buffer.alloc(8);
  entry.writeUInt32LE(image.sizeBytes + padding, 0);
  entry.writeUInt32LE(table.byteLength, 4);
  return { appended: Buffer.concat([new Uint8Array(padding), table]), entry };
}

/** SpcIndirectDataContent: what kind of file it is, and its hash. Nothing is said of the file's name ("<<<Obsolete>>>"). */
function spcIndirectData(imageHash: Uint8Array): Buffer {
  const obsolete = Buffer.from('<<<Obsolete>>>', 'utf16le').swap16();
  const file = derContext(0, derContext(2, derContextPrimitive(0, obsolete)));
  return derSequence(
    derSequence(derObjectIdentifier(OID.spcPeImageData), derSequence(derBitString(new Uint8Array()), file)),
    derSequence(derSequence(derObjectIdentifier(OID.sha256), derNull()), derOctetString(imageHash)),
  );
}

/** WIN_CERTIFICATE (UEFI 2.10 section 32.2.4), filled up to a multiple of 8, which its length counts. */
function winCertificate(cms: Uint8Array): Buffer {
  const sizeBytes = 8 + cms.byteLength;
  const entry = Buffer.alloc(sizeBytes + fill(sizeBytes));
  entry.writeUInt32LE(entry.byteLength, 0); // dwLength
  entry.writeUInt16LE(WIN_CERT_REVISION_2_0, 4); // wRevision
  entry.writeUInt16LE(WIN_CERT_TYPE_PKCS_SIGNED_DATA, 6); // wCertificateType
  entry.set(cms, 8);
  return entry;
}

function fill(sizeBytes: number): number {
  return (ENTRY_ALIGN_BYTES - (sizeBytes % ENTRY_ALIGN_BYTES)) % ENTRY_ALIGN_BYTES;
}
