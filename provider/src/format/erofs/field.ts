import { FormatError } from '../error.js';

/** Where a number stands in a structure, and what the kernel's erofs_fs.h calls it. All are little-endian. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: 1 | 2 | 4 | 8;
}

/**
 * Writes a whole number that is not negative.
 * @throws {FormatError} `out-of-range`, with the field's name, when it does not fit; 8 bytes take safe integers only.
 */
export function putField(target: Buffer, { name, offset, sizeBytes }: Field, value: number): void {
  const limit = sizeBytes === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (sizeBytes * 8) - 1;
  if (!Number.isInteger(value) || value < 0 || value > limit) throw outOfRange(name, value, limit);
  if (sizeBytes === 4) return void target.writeUInt32LE(value, offset);
  if (sizeBytes < 4) return void target.writeUIntLE(value, offset, sizeBytes);
  target.writeUInt32LE(value % 2 ** 32, offset);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

/**
 * The number in a field.
 * @throws {FormatError} `out-of-range` when it is no safe integer.
 */
export function getField(source: Buffer, { name, offset, sizeBytes }: Field): number {
  if (sizeBytes < 8) return source.readUIntLE(offset, sizeBytes);
  const value = source.readUInt32LE(offset) + source.readUInt32LE(offset + 4) * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw outOfRange(name, value, Number.MAX_SAFE_INTEGER);
  return value;
}

export function outOfRange(name: string, value: number | string, limit: number): FormatError {
  return new FormatError(
    'out-of-range',
    `Cannot store ${name} of an EROFS: ${value} does not fit; wanted a whole number from 0 to ${limit}`,
    { context: { property: name } },
  );
}
