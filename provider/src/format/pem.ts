import { X509Certificate } from 'node:crypto';
import { FormatError } from './error.js';

/** Mozilla's whole list has 0.23 MB, in 140 certificates. */
const MAX_PEM_LENGTH = 4 << 20;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END ([A-Z0-9 ]+)-----/g;

/** One block of PEM in strict form (RFC 7468 section 3), with a line feed at its end. */
export function pemOf(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/**
 * The certificates in a PEM text (RFC 7468), in its order, each as one block in strict form (section 3) with a line feed
 * at its end. Text around them is an explanation (section 5.2), and left out.
 * @throws {FormatError} `malformed` for a block that is no certificate, for none at all, and for private keys;
 *   `too-large`. The message goes on after what the text is called, and holds nothing of it.
 */
export function readCertificates(text: string): string[] {
  if (text.length > MAX_PEM_LENGTH) {
    throw new FormatError('too-large', `it has ${text.length} characters; at most ${MAX_PEM_LENGTH} are read`);
  }
  const certificates: string[] = [];
  for (const [, label = '', base64 = '', end] of text.matchAll(BLOCK)) {
    if (label.includes('PRIVATE KEY')) {
      throw malformed('it has a private key, which everyone who has the image could read; wanted certificates alone');
    }
    if (label !== end || !/^(X509 |TRUSTED )?CERTIFICATE$/.test(label)) {
      throw malformed(`it has a block ${label}; wanted CERTIFICATE`);
    }
    certificates.push(certificateOf(base64, certificates.length + 1));
  }
  const begun = text.split('-----BEGIN ').length - 1;
  if (begun > certificates.length) throw malformed(`the block ${certificates.length + 1} is cut off or damaged`);
  if (certificates.length === 0) throw malformed('it has no block that begins with -----BEGIN CERTIFICATE-----');
  return certificates;
}

function certificateOf(base64: string, number: number): string {
  try {
    return pemOf('CERTIFICATE', new X509Certificate(Buffer.from(base64, 'base64')).raw);
  } catch (cause) {
    throw new FormatError('malformed', `the block ${number} is no certificate`, { cause });
  }
}

function malformed(what: string): FormatError {
  return new FormatError('malformed', what);
}
