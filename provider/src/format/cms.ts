import { createHash, verify, X509Certificate } from 'node:crypto';
import {
  DER_TAG,
  derContext,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  readDer,
  readDerMembers,
} from './der.js';
import { FormatError } from './error.js';

/** Signs for a certificate: with a key in a file, or wherever one lies that never leaves it. */
export interface Signer {
  /** DER, the signer's own first, then those that lead to what the firmware knows. */
  readonly certificates: readonly Uint8Array[];
  /** RSASSA-PKCS1-v1_5 over the SHA-256 of the bytes (RFC 8017 section 8.2). */
  readonly sign: (data: Uint8Array) => Promise<Uint8Array>;
}

export interface SignedDataContent {
  /** Object identifier of what is signed. */
  readonly type: string;
  /** What is within `eContent [0]`; undefined where what is signed lies elsewhere. */
  readonly content?: Uint8Array;
  /** The bytes that count as what is signed. */
  readonly signed: Uint8Array;
  /** Whether attributes (type and digest of the content) are signed instead of the content. There is no time in them. */
  readonly attributes: boolean;
}

const OID = {
  sha256: '2.16.840.1.101.3.4.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
};

/**
 * SignedData with one signer, SHA-256 and RSA (RFC 5652 section 5.1), as version 1 (PKCS #7) has it: without a
 * ContentInfo around it. The same content and key give the same bytes, since no time is signed.
 * @throws {FormatError} `malformed` for a certificate that is none, `unsupported` for one without an RSA key, `corrupt`
 *   for a signature that does not fit it; and what the signer throws.
 */
export async function signedData(content: SignedDataContent, signer: Signer): Promise<Buffer> {
  const certificate = certificateOf(signer);
  const sha256 = derSequence(derObjectIdentifier(OID.sha256), derNull());
  const attributes = content.attributes ? signedAttributes(content) : undefined;
  // What is signed are the attributes as a SET OF, whatever tag they have in the SignerInfo (section 5.4).
  const data = attributes ?? content.signed;
  const signature = await signer.sign(data);
  checkSignature(data, { signature, certificate });
  const { issuer, serialNumber } = issuerAndSerialNumber(certificate.raw);
  const signerInfo = derSequence(
    derInteger(1), // version: the signer is named by issuer and serial number
    derSequence(issuer, serialNumber), // sid
    sha256, // digestAlgorithm
    ...(attributes === undefined ? [] : [derContext(0, contentOf(attributes))]), // signedAttrs
    derSequence(derObjectIdentifier(OID.rsaEncryption), derNull()), // signatureAlgorithm
    derOctetString(signature),
  );
  const eContent = content.content === undefined ? [] : [derContext(0, content.content)];
  return derSequence(
    derInteger(1), // version
    derSetOf(sha256), // digestAlgorithms
    derSequence(derObjectIdentifier(content.type), ...eContent), // encapContentInfo
    derContext(0, ...signer.certificates),
    derSetOf(signerInfo),
  );
}

/** A ContentInfo of SignedData (RFC 5652 section 3). */
export function contentInfo(signed: Uint8Array): Buffer {
  return derSequence(derObjectIdentifier('1.2.840.113549.1.7.2'), derContext(0, signed));
}

/** Section 5.3. Without signingTime: it would make each signature another one, and firmware does not ask for it. */
function signedAttributes({ type, signed }: SignedDataContent): Buffer {
  const digest = createHash('sha256').update(signed).digest();
  return derSetOf(
    derSequence(derObjectIdentifier(OID.contentType), derSetOf(derObjectIdentifier(type))),
    derSequence(derObjectIdentifier(OID.messageDigest), derSetOf(derOctetString(digest))),
  );
}

function certificateOf({ certificates }: Signer): X509Certificate {
  const [first] = certificates;
  if (first === undefined)
    throw new FormatError('malformed', 'Cannot sign: there is no certificate; wanted one or more');
  try {
    return new X509Certificate(first);
  } catch (cause) {
    throw new FormatError('malformed', 'Cannot sign: the certificate is none; wanted X.509 in DER', { cause });
  }
}

interface Signature {
  readonly signature: Uint8Array;
  readonly certificate: X509Certificate;
}

function checkSignature(data: Uint8Array, { signature, certificate }: Signature): void {
  const key = certificate.publicKey;
  if (key.asymmetricKeyType !== 'rsa') {
    throw new FormatError(
      'unsupported',
      `Cannot sign: the certificate has a key of type ${key.asymmetricKeyType}; wanted rsa`,
    );
  }
  if (verify('sha256', data, key, signature)) return;
  throw new FormatError(
    'corrupt',
    'Cannot sign: the signature does not fit the certificate; wanted RSASSA-PKCS1-v1_5 with SHA-256 by its key',
  );
}

/** The two fields as they are in the certificate, byte for byte (RFC 5280 section 4.1). */
function issuerAndSerialNumber(certificate: Uint8Array): { issuer: Uint8Array; serialNumber: Uint8Array } {
  const outer = readDer(certificate, 0);
  const fields = readDerMembers(certificate, readDer(certificate, outer.contentOffset, outer.end));
  const version = fields[0]?.tag === 0xa0 ? 1 : 0;
  const [serial, , issuer] = fields.slice(version);
  if (serial?.tag !== DER_TAG.integer || issuer?.tag !== DER_TAG.sequence) {
    throw new FormatError('malformed', 'Cannot sign: the certificate has no serial number and issuer');
  }
  return {
    serialNumber: certificate.subarray(serial.offset, serial.end),
    issuer: certificate.subarray(issuer.offset, issuer.end),
  };
}

function contentOf(value: Uint8Array): Uint8Array {
  const { contentOffset, end } = readDer(value, 0);
  return value.subarray(contentOffset, end);
}
