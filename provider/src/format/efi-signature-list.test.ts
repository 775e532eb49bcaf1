import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certificateLists, readSignatureLists, SIGNATURE_TYPE, signatureListBytes } from './efi-signature-list.js';
import { FormatError } from './error.js';

const OWNER = '12345678-9abc-def0-1234-56789abcdef0';

describe('signature lists', () => {
  test('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 5 }), (certificates) => {
        const lists = readSignatureLists(certificateLists(certificates, OWNER));
        const signatures = certificates.map((data) => [{ owner: OWNER, data }]);
        expect(lists).toEqual(signatures.map((list) => ({ type: SIGNATURE_TYPE.x509, signatures: list })));
      }),
    );
  });

  test('have several hashes in one list, of one size', () => {
    const signatures = [1, 2].map((fill) => ({ owner: OWNER, data: Uint8Array.from(Buffer.alloc(32, fill)) }));
    const list = { type: SIGNATURE_TYPE.sha256, signatures };
    expect(readSignatureLists(signatureListBytes(list))).toEqual([list]);
    const mixed = [...signatures, { owner: OWNER, data: new Uint8Array(20) }];
    expect(() => signatureListBytes({ ...list, signatures: mixed })).toThrow('not of one size');
  });

  test.each([
    ['cut off in its head', 20, 0],
    ['cut off in a signature', 40, 0],
    ['smaller than its head', 44, 16],
    ['of signatures without room for an owner', 44, 24],
  ])('are refused when %s', (_, length, zeroed) => {
    const bytes = Buffer.from(certificateLists([Buffer.from('x')], OWNER).subarray(0, length));
    if (zeroed > 0) bytes.writeUInt32LE(0, zeroed);
    expect(() => readSignatureLists(bytes.subarray(0, length))).toThrow(FormatError);
  });

  test('are refused when there are far too many', () => {
    expect(() => readSignatureLists(Buffer.alloc((1 << 20) + 1))).toThrow('at most');
  });
});
