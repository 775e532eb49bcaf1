import { deflateSync } from 'node:zlib';
import { AWS_UEFI_DICTIONARY } from './aws-uefi-dictionary.js';
import { crc32c } from './crc32c.js';
import { SECURE_BOOT_ATTRIBUTES, type SecureBootName, vendorOf } from './efi-variable.js';
import { FormatError } from './error.js';
import { guidBytes } from './guid.js';

const VERSION = 0;
/** What EC2 takes ("UefiData" of RegisterImage). */
const MAX_CHARACTERS = 64_000;

/** Each a variable's signature lists. */
export type SecureBootVariables = Readonly<Partial<Record<SecureBootName, Uint8Array>>>;

/**
 * Variables as EC2 wants them in `UefiData` of RegisterImage, in base64: version 0 of the format that
 * awslabs/python-uefivars reads and writes. With a PK in it, machines of the image start with Secure Boot on.
 * @throws {FormatError} `too-large` for more than EC2 takes.
 */
export function awsUefiData(variables: SecureBootVariables): string {
  const names = (['PK', 'KEK', 'db', 'dbx'] as const).filter((name) => variables[name] !== undefined);
  const entries = names.flatMap((name) => [
    sized(Buffer.from(name)),
    sized(variables[name] ?? new Uint8Array()),
    guidBytes(vendorOf(name)),
    uint32(SECURE_BOOT_ATTRIBUTES),
    new Uint8Array(16), // time of the last change: none
    sized(new Uint8Array(32)), // digest of who may change it: PK's own signature decides
  ]);
  const body = Buffer.concat([uint64(names.length), ...entries]);
  const compressed = deflateSync(body, { level: 9, dictionary: Buffer.from(AWS_UEFI_DICTIONARY, 'base64') });
  const checked = Buffer.concat([uint32(VERSION), compressed]);
  const text = Buffer.concat([Buffer.from('AMZNUEFI'), uint32(crc32c(checked)), checked]).toString('base64');
  if (text.length <= MAX_CHARACTERS) return text;
  throw new FormatError('too-large', `Cannot write UEFI data for EC2: it has ${text.length} characters; at most 64000`);
}

function sized(bytes: Uint8Array): Buffer {
  return Buffer.concat([uint64(bytes.byteLength), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
