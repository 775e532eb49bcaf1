import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateLists, signatureBytes } from './efi-signature-list.js';
import { extend, pcr4, pcr7, pcr11, pcr12, predictPcrs } from './pcr.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

// test/boot/secure-boot.test.ts compares them with those of a machine; here they must not change unseen.
describe('registers of a TPM', () => {
  test('begin with zeros, and chain digests', () => {
    expect(extend([])).toEqual(Buffer.alloc(32));
    const [one, two] = [digest('one'), digest('two')];
    const first = createHash('sha256').update(Buffer.alloc(32)).update(one).digest();
    expect(extend([one, two])).toEqual(createHash('sha256').update(first).update(two).digest());
    expect(pcr12()).toEqual(Buffer.alloc(32));
  });

  test('measure sections in the order of the stub, whatever order they lie in, and no others', () => {
    const section = (name: string) => ({ name, sha256: digest(name) });
    const want = pcr11(['.linux', '.osrel', '.cmdline', '.initrd', '.uname', '.sbat'].map(section));
    const mixed = ['.sbat', '.mine', '.osrel', '.initrd', '.linux', '.uname', '.cmdline', '.pcrsig'].map(section);
    expect(pcr11(mixed)).toEqual(want);
  });

  test('are told as far as they can be known', () => {
    const uki = {
      peHash: 'aa'.repeat(32),
      kernelPeHash: 'bb'.repeat(32),
      sections: [{ name: '.linux', sha256: 'cc'.repeat(32) }],
    };
    const [pe, kernel] = [Buffer.alloc(32, 0xaa), Buffer.alloc(32, 0xbb)];
    const [certificate, other] = [Buffer.from('certificate'), Buffer.from('other')];
    const owner = '12345678-9abc-def0-1234-56789abcdef0';
    const variables = { PK: Buffer.from('PK'), db: certificateLists([other, certificate], owner) };
    const authority = signatureBytes({ owner, data: certificate });
    const enforced = predictPcrs(uki, { enforced: true, variables, certificates: [certificate] });
    expect(enforced).toEqual({
      4: pcr4([pe]).toString('hex'),
      7: pcr7({ variables, authority }).toString('hex'),
      11: pcr11([{ name: '.linux', sha256: Buffer.alloc(32, 0xcc) }]).toString('hex'),
      12: '00'.repeat(32),
    });
    // By a certificate that db does not have it would not have started.
    expect(predictPcrs(uki, { enforced: true, variables, certificates: [] })).not.toHaveProperty('7');
    expect(predictPcrs(uki, { enforced: true })).not.toHaveProperty('7');
    expect(predictPcrs(uki, { enforced: false, variables: {} })).toMatchObject({
      4: pcr4([pe, kernel]).toString('hex'),
      7: pcr7({ variables: {} }).toString('hex'),
    });
  });

  test('keep their values from version to version', () => {
    const lists = { PK: Buffer.from('PK'), KEK: Buffer.from('KEK'), db: Buffer.from('db') };
    expect({
      pcr4: pcr4([digest('image')]).toString('hex'),
      off: pcr7({ variables: {} }).toString('hex'),
      on: pcr7({ variables: lists, authority: Buffer.from('entry') }).toString('hex'),
      pcr11: pcr11([{ name: '.linux', sha256: digest('kernel') }]).toString('hex'),
    }).toMatchInlineSnapshot(`
      {
        "off": "65caf8dd1e0ea7a6347b635d2b379c93b9a1351edc2afc3ecda700e534eb3068",
        "on": "be9ce12c2119462a4580d6341e41c67e7c209ae7d540ba80b60467a35b1b558e",
        "pcr11": "ff4d55cd85724de92ab538c82df0dd57ae0b5281e088a1a64df159f33c343702",
        "pcr4": "255c4c88e24f9e6e262a5cbc898b9659a26c0a3da0ecc9576926b1c7292631b7",
      }
    `);
  });
});
