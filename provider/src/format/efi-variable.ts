import { type Signer, signedData } from './cms.js';
import { FormatError } from './error.js';
import { type Guid, guidBytes } from './guid.js';

/** Variables of Secure Boot, and what changes them (UEFI 2.10 sections 8.2 and 32.3). */

export type SecureBootName = 'PK' | 'KEK' | 'db' | 'dbx';

/** EFI_GLOBAL_VARIABLE and EFI_IMAGE_SECURITY_DATABASE_GUID (sections 3.3 and 32.6.1). */
export const GLOBAL_VARIABLE: Guid = '8be4df61-93ca-11d2-aa0d-00e098032b8c';
const IMAGE_SECURITY_DATABASE: Guid = 'd719b2cb-3d3a-4596-a3bc-dad00e67656f';

/** Non-volatile, for boot services and at run time, written with a signature and a time (section 8.2.1). */
export const SECURE_BOOT_ATTRIBUTES = 0x27;

/** EFI_CERT_TYPE_PKCS7_GUID */
const PKCS7: Guid = '4aafd29d-68df-49ee-8aa9-347d375665a7';
const WIN_CERT_REVISION_2_0 = 0x0200;
const WIN_CERT_TYPE_EFI_GUID = 0x0ef1;
const OID_DATA = '1.2.840.113549.1.7.1';

/** The name space that a variable is in. */
export function vendorOf(name: SecureBootName): Guid {
  return name === 'PK' || name === 'KEK' ? GLOBAL_VARIABLE : IMAGE_SECURITY_DATABASE;
}

export interface VariableUpdate {
  readonly name: SecureBootName;
  /** Signature lists. */
  readonly data: Uint8Array;
  /** Seconds since 1970, whole: firmware takes only updates that are newer than the last one. */
  readonly timeSeconds: number;
}

/**
 * What SetVariable() takes to set a variable: EFI_VARIABLE_AUTHENTICATION_2 and the data (section 8.2.2), as `.auth`
 * files have it.
 * @param signer PK for PK and KEK, KEK for db and dbx
 * @throws {FormatError} `out-of-range` for a time, and as signedData() does.
 */
export async function authenticatedVariable(update: VariableUpdate, signer: Signer): Promise<Buffer> {
  const { name, data } = update;
  const time = efiTime(update.timeSeconds);
  const attributes = Buffer.alloc(4);
  attributes.writeUInt32LE(SECURE_BOOT_ATTRIBUTES);
  // Section 8.2.2: the name without its NUL, then GUID, attributes, time, and content.
  const signed = Buffer.concat([Buffer.from(name, 'utf16le'), guidBytes(vendorOf(name)), attributes, time, data]);
  const cms = await signedData({ type: OID_DATA, signed, attributes: false }, signer);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(8 + 16 + cms.byteLength, 0); // dwLength
  head.writeUInt16LE(WIN_CERT_REVISION_2_0, 4); // wRevision
  head.writeUInt16LE(WIN_CERT_TYPE_EFI_GUID, 6); // wCertificateType
  return Buffer.concat([time, head, guidBytes(PKCS7), cms, data]);
}

/** EFI_TIME in UTC, with all that section 8.2.2 wants to be 0 left so: nanosecond, zone, daylight, padding. */
function efiTime(seconds: number): Buffer {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  // Section 8.3: 1900 to 9999.
  if (!(year >= 1900 && year <= 9999)) {
    throw new FormatError('out-of-range', `Cannot write the time ${seconds}: wanted a year from 1900 to 9999`);
  }
  const time = Buffer.alloc(16);
  time.writeUInt16LE(year, 0);
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()];
  time.set([month, day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()], 2);
  return time;
}
