import { createHash } from 'node:crypto';
import {
  DER_TAG,
  derBitString,
  derBoolean,
  derContext,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  derTime,
  derUtf8String,
  readDer,
  readDerMembers,
} from './der.js';
import { FormatError } from './error.js';

export interface SelfSigned {
  readonly commonName: string;
  /** At most 20 bytes, not all zero; they count as a positive number. */
  readonly serialNumber: Uint8Array;
  /** Seconds since 1970, whole. */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** SubjectPublicKeyInfo in DER, of an RSA key. */
  readonly publicKey: Uint8Array;
  /** RSASSA-PKCS1-v1_5 over the SHA-256 of the bytes, by the private key. */
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
}

const OID = {
  commonName: '2.5.4.3',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  subjectKeyIdentifier: '2.5.29.14',
  basicConstraints: '2.5.29.19',
};
/** RFC 5280 appendix A.1, ub-common-name. */
const MAX_NAME_CHARACTERS = 64;

/**
 * A certificate that is its own root (RFC 5280 section 4.1), in DER: what firmware takes as a key of Secure Boot.
 * @throws {FormatError} `out-of-range` for a name or serial number that does not fit.
 */
export async function selfSigned(certificate: SelfSigned): Promise<Buffer> {
  const { commonName, serialNumber, publicKey } = certificate;
  if (commonName === '' || commonName.length > MAX_NAME_CHARACTERS) {
    throw new FormatError(
      'out-of-range',
      `Cannot name a certificate ${JSON.stringify(commonName)}: wanted 1 to ${MAX_NAME_CHARACTERS} characters`,
    );
  }
  // Section 4.1.2.2: at most 20 octets, of which one may be needed for the sign.
  if (serialNumber.byteLength > 20 || serialNumber.every((byte) => byte === 0) || (serialNumber[0] ?? 0) & 0x80) {
    throw new FormatError('out-of-range', 'Cannot use the serial number: wanted up to 20 bytes, positive and not 0');
  }
  const algorithm = derSequence(derObjectIdentifier(OID.sha256WithRsa), derNull());
  const name = derSequence(derSetOf(derSequence(derObjectIdentifier(OID.commonName), derUtf8String(commonName))));
  const toBeSigned = derSequence(
    derContext(0, derInteger(2)), // version: v3
    derInteger(serialNumber),
    algorithm, // signature
    name, // issuer
    derSequence(derTime(certificate.notBeforeSeconds), derTime(certificate.notAfterSeconds)), // validity
    name, // subject
    publicKey, // subjectPublicKeyInfo
    derContext(
      3,
      derSequence(
        derSequence(derObjectIdentifier(OID.subjectKeyIdentifier), derOctetString(derOctetString(keyId(publicKey)))),
        derSequence(
          derObjectIdentifier(OID.basicConstraints),
          derBoolean(true), // critical
          derOctetString(derSequence(derBoolean(true))), // cA
        ),
      ),
    ),
  );
  return derSequence(toBeSigned, algorithm, derBitString(await certificate.sign(toBeSigned)));
}

/** Section 4.2.1.2, method (1): SHA-1 of the key's bits. It is a name, and protects nothing. */
function keyId(publicKey: Uint8Array): Buffer {
  const bits = readDerMembers(publicKey, readDer(publicKey, 0))[1];
  if (bits?.tag !== DER_TAG.bitString) {
    throw new FormatError('malformed', 'Cannot make a certificate: the public key is no SubjectPublicKeyInfo');
  }
  return createHash('sha1')
    .update(publicKey.subarray(bits.contentOffset + 1, bits.end))
    .digest();
}
