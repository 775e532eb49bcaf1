/** U+DC80 stands for the byte 0x80, and so on up to U+DCFF. */
const ESCAPE_BASE = 0xdc00;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A file name as text: UTF-8, where each byte that is not part of valid UTF-8 becomes one of U+DC80..U+DCFF (PEP 383),
 * which valid UTF-8 never gives. encodePath() brings back the same bytes.
 */
export function decodePath(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

/**
 * The bytes of a file name.
 * @throws {RangeError} for a surrogate that stands alone and is not an escaped byte: it has no bytes.
 */
export function encodePath(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  // By code points: a proper pair of surrogates is one of them.
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0xd800 || code > 0xdfff) parts.push(Buffer.from(character, 'utf8'));
    else if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.of(code - ESCAPE_BASE));
    else {
      const shown = `U+${code.toString(16).toUpperCase()}`;
      throw new RangeError(`Cannot encode the path ${JSON.stringify(text)}: ${shown} stands for no byte`);
    }
  }
  return Buffer.concat(parts);
}

/** Compares two paths by their bytes, as memcmp() does; for sorting. */
export function comparePaths(left: string, right: string): number {
  if (left === right) return 0;
  return Buffer.compare(encodePath(left), encodePath(right));
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = '';
  for (let offset = 0; offset < bytes.length; ) {
    const length = sequenceLength(bytes, offset);
    if (length === 0) text += String.fromCharCode(ESCAPE_BASE + (bytes[offset] ?? 0));
    else text += strict.decode(bytes.subarray(offset, offset + length));
    offset += Math.max(length, 1);
  }
  return text;
}

/** Length of the well-formed UTF-8 sequence at an offset (The Unicode Standard, table 3-7); 0 if there is none. */
function sequenceLength(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const sequence = bytes.subarray(offset, offset + length);
  if (sequence.length < length) return 0;
  try {
    strict.decode(sequence);
    return length;
  } catch {
    return 0;
  }
}
