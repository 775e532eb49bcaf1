import { hexOf, sha256 } from '../../model/index.js';

/**
 * A UUID that is the same for the same text (RFC 9562, section 5.8: version 8, variant 10, the rest of a SHA-256): a
 * document's own digest, in a form that both standards take for a name.
 */
export function documentUrn(text: string): string {
  const hex = hexOf(sha256(text));
  const variant = ((Number.parseInt(hex[16] as string, 16) & 0x3) | 0x8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}

/** Seconds since 1970 as both standards write a time: `2017-04-18T16:30:00Z`. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
