import { FormatError } from './error.js';

/** The few of DER's types (ITU-T X.690) that certificates, signatures and Authenticode are made of. */

/** Identifier octets (X.690 section 8.1.2; X.680 table 1). */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** A value with its tag and length in front, the length in its shortest form (X.690 sections 8.1 and 10.1). */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const sizeBytes = content.reduce((sum, part) => sum + part.byteLength, 0);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(sizeBytes)]), ...content]);
}

function lengthOctets(sizeBytes: number): number[] {
  if (sizeBytes < 0x80) return [sizeBytes];
  const octets: number[] = [];
  for (let left = sizeBytes; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return [0x80 | octets.length, ...octets];
}

export function derSequence(...members: readonly Uint8Array[]): Buffer {
  return der(DER_TAG.sequence, ...members);
}

/** A SET OF: members are sorted by their bytes (X.690 section 11.6). */
export function derSetOf(...members: readonly Uint8Array[]): Buffer {
  return der(DER_TAG.set, ...[...members].sort(Buffer.compare));
}

/** A context-specific tag around whole values (explicit), or instead of the tag of a constructed one (implicit). */
export function derContext(number: number, ...content: readonly Uint8Array[]): Buffer {
  return der(0xa0 | number, ...content);
}

/** A context-specific tag in place of that of a primitive value. */
export function derContextPrimitive(number: number, content: Uint8Array): Buffer {
  return der(0x80 | number, content);
}

/** @param value a small number, or the bytes of a large one, which counts as positive */
export function derInteger(value: number | Uint8Array): Buffer {
  const bytes = typeof value === 'number' ? Buffer.from([value]) : Buffer.from(value);
  let begin = 0;
  while (begin < bytes.byteLength - 1 && bytes[begin] === 0) begin++;
  const shortest = bytes.subarray(begin);
  const sign = (shortest[0] ?? 0) & 0x80 ? [Buffer.from([0])] : [];
  return der(DER_TAG.integer, ...sign, shortest);
}

export function derBoolean(value: boolean): Buffer {
  return der(DER_TAG.boolean, Buffer.from([value ? 0xff : 0]));
}

export function derNull(): Buffer {
  return der(DER_TAG.null);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return der(DER_TAG.octetString, bytes);
}

/** @param unusedBits at the end of the last byte */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(DER_TAG.bitString, Buffer.from([unusedBits]), bytes);
}

export function derUtf8String(text: string): Buffer {
  return der(DER_TAG.utf8String, Buffer.from(text));
}

/** @param dotted such as `1.2.840.113549.1.7.2` (X.690 section 8.19) */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second];
  for (const arc of rest) {
    const base128 = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      base128.unshift((left & 0x7f) | 0x80);
    octets.push(...base128);
  }
  return der(DER_TAG.objectIdentifier, Buffer.from(octets));
}

/** Whole seconds: UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function derTime(seconds: number): Buffer {
  const digits = new Date(seconds * 1000).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? der(DER_TAG.utcTime, Buffer.from(digits.slice(2)))
    : der(DER_TAG.generalizedTime, Buffer.from(digits));
}

/** Where a value lies in its bytes. */
export interface DerValue {
  readonly tag: number;
  /** Of the tag. */
  readonly offset: number;
  readonly contentOffset: number;
  readonly end: number;
}

/**
 * The value at a place.
 * @param limit where its surroundings end
 * @throws {FormatError} `truncated` or `malformed`.
 */
export function readDer(bytes: Uint8Array, offset: number, limit = bytes.byteLength): DerValue {
  const [tag, first] = [bytes[offset], bytes[offset + 1]];
  if (tag === undefined || first === undefined || offset + 2 > limit) {
    throw new FormatError('truncated', `Cannot read the DER value at ${offset}: the input ends at ${limit}`);
  }
  let contentOffset = offset + 2;
  let sizeBytes = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets < 1 || octets > 4) {
      throw new FormatError('malformed', `Cannot read the DER value at ${offset}: its length has ${octets} octets`);
    }
    sizeBytes = 0;
    for (let i = 0; i < octets; i++) sizeBytes = sizeBytes * 256 + (bytes[contentOffset++] ?? Number.NaN);
  }
  const end = contentOffset + sizeBytes;
  if (!(end <= limit)) {
    throw new FormatError('truncated', `Cannot read the DER value at ${offset}: it ends behind ${limit}`);
  }
  return { tag, offset, contentOffset, end };
}

/** The values within a constructed one, in order. */
export function readDerMembers(bytes: Uint8Array, outer: DerValue): DerValue[] {
  const members: DerValue[] = [];
  for (let offset = outer.contentOffset; offset < outer.end; ) {
    const member = readDer(bytes, offset, outer.end);
    members.push(member);
    offset = member.end;
  }
  return members;
}
