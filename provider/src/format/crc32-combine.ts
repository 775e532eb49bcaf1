/**
 * The CRC-32 of two pieces, one behind the other, from that of each: RFC 1952 section 8. A CRC is a polynomial over GF(2)
 * modulo the one below, the lowest bit the highest power; so many bytes behind it multiply it by x to the power of their
 * bits.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(powerOfX(secondBytes), first) ^ second) >>> 0;
}

const POLYNOMIAL = 0xedb8_8320;
/** x^0 and x^8. */
const ONE = 0x8000_0000;
const BYTE = 0x0080_0000;

/** x to the power of 8 for each byte, by squaring. */
function powerOfX(bytes: number): number {
  let power = ONE;
  let square = BYTE;
  // Not by shifts: they have 32 bits, and files are longer.
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}

function multiply(one: number, other: number): number {
  let product = 0;
  let shifted = other;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if (((one >>> bit) & 1) === 1) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}
