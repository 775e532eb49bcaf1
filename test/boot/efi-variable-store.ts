import { SECURE_BOOT_ATTRIBUTES, type SecureBootName, vendorOf } from '../../provider/src/format/efi-variable.js';
import { guidBytes } from '../../provider/src/format/guid.js';

/** VARIABLE_STORE_HEADER lies behind the firmware volume's header, and the first variable behind it (edk2, VariableFormat.h). */
const VOLUME_HEADER_BYTES = 0x48;
const STORE_HEADER_BYTES = 28;
/** gEfiAuthenticatedVariableGuid */
const AUTHENTICATED = 'aaf32c78-947b-439a-a180-2e144ec37792';
const VARIABLE_HEADER_BYTES = 60;
const START_ID = 0x55aa;
const ADDED = 0x3f;

/** OVMF's empty variable store with variables in it: what enrolling does on a real machine. */
export function enrolled(store: Buffer, variables: Readonly<Partial<Record<SecureBootName, Uint8Array>>>): Buffer {
  if (!store.subarray(VOLUME_HEADER_BYTES, VOLUME_HEADER_BYTES + 16).equals(guidBytes(AUTHENTICATED))) {
    throw new Error('the template is no authenticated variable store');
  }
  const filled = Buffer.from(store);
  let offset = VOLUME_HEADER_BYTES + STORE_HEADER_BYTES;
  if (filled.readUInt16LE(offset) === START_ID) throw new Error('the template has variables already');
  for (const name of ['PK', 'KEK', 'db', 'dbx'] as const) {
    const data = variables[name];
    if (data === undefined) continue;
    const entry = variable(name, data);
    filled.set(entry, offset);
    // HEADER_ALIGNMENT
    offset += Math.ceil(entry.byteLength / 4) * 4;
  }
  return filled;
}

/** AUTHENTICATED_VARIABLE_HEADER, name, and data. */
function variable(name: SecureBootName, data: Uint8Array): Buffer {
  const text = Buffer.from(`${name}\0`, 'utf16le');
  const header = Buffer.alloc(VARIABLE_HEADER_BYTES);
  header.writeUInt16LE(START_ID, 0);
  header.writeUInt8(ADDED, 2); // State
  header.writeUInt32LE(SECURE_BOOT_ATTRIBUTES, 4);
  header.writeUInt32LE(text.byteLength, 36); // NameSize
  header.writeUInt32LE(data.byteLength, 40); // DataSize
  header.set(guidBytes(vendorOf(name)), 44);
  return Buffer.concat([header, text, data]);
}
