import { sha256 } from '../model/digest.js';
import { FormatError } from './error.js';

/** A globally unique identifier as it is written: 8-4-4-4-12 hexadecimal digits, lower case. */
export type Guid = string;

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const GUID_BYTES = 16;

/**
 * The 16 bytes of it as UEFI stores them (UEFI 2.10, appendix A): the first three groups are little-endian numbers.
 * @throws {FormatError} `malformed` for a text of another form.
 */
export function guidBytes(guid: Guid): Buffer {
  if (!GUID.test(guid)) {
    throw new FormatError('malformed', `Cannot write the GUID ${JSON.stringify(guid)}: wanted 8-4-4-4-12 digits`);
  }
  return swapped(Buffer.from(guid.replaceAll('-', ''), 'hex'));
}

/** The text of 16 bytes as UEFI stores them. */
export function guidText(bytes: Uint8Array): Guid {
  return textOf(swapped(Buffer.from(bytes.subarray(0, GUID_BYTES))));
}

/** The same GUID for the same name, always: RFC 9562 section 5.8 (version 8), from the name's SHA-256. */
export function guidOfName(name: string): Guid {
  const bytes = Buffer.from(sha256(name).slice('sha256:'.length), 'hex').subarray(0, GUID_BYTES);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6); // section 4.2: version
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8); // section 4.1: variant
  return textOf(bytes);
}

function swapped(bytes: Buffer): Buffer {
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

function textOf(bytes: Buffer): Guid {
  const digits = bytes.toString('hex');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}
