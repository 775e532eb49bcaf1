import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { peImageHash, signPe } from './authenticode.js';
import { peOf } from './pe.fixture.js';
import { readPe } from './pe.js';
import { testSigner } from './signer.fixture.js';

describe('peImageHash()', () => {
  test('counts all but the check sum, the entry of the certificate table, and the table', async () => {
    const pe = peOf();
    const headers = readPe(pe);
    const { checksumOffset, certificateEntryOffset } = headers;
    const want = createHash('sha256')
      .update(pe.subarray(0, checksumOffset))
      .update(pe.subarray(checksumOffset + 4, certificateEntryOffset))
      .update(pe.subarray(certificateEntryOffset + 8))
      .digest('hex');
    expect((await peImageHash(headers, [pe])).toString('hex')).toBe(want);
    const signed = Buffer.concat([pe, Buffer.alloc(64, 1)]);
    signed.writeUInt32LE(0x12345678, checksumOffset);
    signed.writeUInt32LE(pe.length, certificateEntryOffset);
    signed.writeUInt32LE(64, certificateEntryOffset + 4);
    expect((await peImageHash(readPe(signed), [signed])).toString('hex')).toBe(want);
  });

  test('gives the same, however the bytes are cut, and fills up to a multiple of 8', async () => {
    const pe = Buffer.concat([peOf(), Buffer.alloc(3, 9)]);
    const headers = readPe(pe);
    const want = await peImageHash(headers, [Buffer.concat([pe, Buffer.alloc(5)])]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(pe.length), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), pe.length];
        const chunks = at.slice(1).map((end, index) => pe.subarray(at[index], end));
        expect((await peImageHash(headers, chunks)).equals(want)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses what ends within its headers', async () => {
    await expect(peImageHash(readPe(peOf()), [peOf().subarray(0, 500)])).rejects.toThrow('within its headers');
  });
});

describe('signPe()', () => {
  const image = { hash: createHash('sha256').update('image').digest(), sizeBytes: 1001 };

  test('gives the same bytes each time, aligned to 8', async () => {
    const one = await signPe(image, await testSigner());
    const other = await signPe(image, await testSigner());
    expect(one.appended.equals(other.appended)).toBe(true);
    expect(one.appended.length % 8).toBe(7);
    expect([one.entry.readUInt32LE(0), one.entry.readUInt32LE(4)]).toEqual([1008, one.appended.length - 7]);
  });

  test('keeps its bytes from version to version', async () => {
    const { appended } = await signPe(image, await testSigner());
    expect(createHash('sha256').update(appended).digest('hex')).toBe(
      '5180581a4221a7fd30e1ba6081cf2678a8a40cf2638aa7b21c29c568aa97fd2a',
    );
  });

  test('refuses a signature by another key, and certificates that are none', async () => {
    const good = await testSigner();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const wrong = { ...good, sign: async (data: Uint8Array) => sign('sha256', data, privateKey) };
    await expect(signPe(image, wrong)).rejects.toThrow('does not fit the certificate');
    await expect(signPe(image, { ...good, sign: async () => new Uint8Array() })).rejects.toThrow('does not fit');
    await expect(signPe(image, { ...good, certificates: [] })).rejects.toThrow('no certificate');
    await expect(signPe(image, { ...good, certificates: [Buffer.from('x')] })).rejects.toThrow('wanted X.509');
  });
});
