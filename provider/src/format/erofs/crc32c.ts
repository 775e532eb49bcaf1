/** Castagnoli's polynomial, with its bits reversed (RFC 3385, section 2). */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** The CRC-32C of some bytes going on from a seed, without the inversion at the end: what the kernel's crc32c() gives. */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let value = seed >>> 0;
  for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] as number);
  return value >>> 0;
}
