import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AUTHORITY_ONE, AUTHORITY_TWO } from './pem.fixture.js';
import { readCertificates } from './pem.js';

describe('readCertificates()', () => {
  test('returns each certificate in strict form, in the order of the text', () => {
    const messy = `subject=one\r\n${AUTHORITY_ONE.replaceAll('\n', '\r\n')}\n# two\n${AUTHORITY_TWO.replace(/\n(?=[A-Za-z])/g, '')}`;
    expect(readCertificates(messy)).toEqual([AUTHORITY_ONE, AUTHORITY_TWO]);
    expect(new X509Certificate(readCertificates(messy)[1] as string).subject).toBe('CN=Test authority two');
  });

  test.each([
    ['nothing', '', 'malformed', /has no block/],
    ['a file name', 'ca.pem', 'malformed', /has no block/],
    ['a block that is cut off', AUTHORITY_ONE.slice(0, 300), 'malformed', /the block 1 is cut off or damaged/],
    [
      'a block after which one is cut off',
      AUTHORITY_ONE + AUTHORITY_TWO.slice(0, 300),
      'malformed',
      /the block 2 is cut off/,
    ],
    ['other bytes', AUTHORITY_ONE.replace('MIIB', 'AAAA'), 'malformed', /the block 1 is no certificate/],
    [
      'another block',
      AUTHORITY_ONE.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
      'malformed',
      /wanted CERTIFICATE/,
    ],
    ['a key', AUTHORITY_ONE.replaceAll('CERTIFICATE', 'EC PRIVATE KEY'), 'malformed', /it has a private key/],
    ['a very long text', 'x'.repeat(5 << 20), 'too-large', /characters/],
  ])('refuses %s', (_name, text, code, message) => {
    let error: unknown;
    try {
      readCertificates(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('throws nothing but its own errors, and ends soon, whatever the text', () => {
    const piece = fc.constantFrom('-----BEGIN ', 'CERTIFICATE', '-----', '-----END ', '\n', 'MIIB', AUTHORITY_ONE, ' ');
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 20 }), (pieces) => {
        try {
          readCertificates(pieces.join(''));
        } catch (error) {
          expect((error as Error).name).toBe('FormatError');
        }
      }),
    );
  });
});
