import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { peImageHash } from '../format/authenticode.js';
import { peOf } from '../format/pe.fixture.js';
import { readPe } from '../format/pe.js';
import { testSigner } from '../format/signer.fixture.js';
import { sha256 } from '../model/digest.js';
import { bufferOf, faultsOf, memoryImage, noise } from './block-image.fixture.js';
import { bytesImage, storedImage } from './content-blocks.js';
import { MemoryStore } from './tree.fixture.js';
import { encodeUki, type UkiOptions } from './uki-image.js';

const KERNEL = peOf({ sections: [['.text', noise(3000, 1)]] });
const OPTIONS: UkiOptions = {
  stub: bytesImage(peOf()),
  kernel: bytesImage(KERNEL),
  initrds: [bytesImage(noise(5001, 2))],
  commandLine: 'console=ttyS0',
  osRelease: 'ID=ingot\n',
  uname: '6.12',
};
const context = () => new MemoryStore().context();

async function contentOf(options: UkiOptions): Promise<Map<string, Buffer>> {
  const { image, sections } = await encodeUki(options, context());
  const bytes = await bufferOf(image);
  return new Map(sections.map(({ name, offset, sizeBytes }) => [name, bytes.subarray(offset, offset + sizeBytes)]));
}

describe('encodeUki()', () => {
  test('holds all parts, and keeps the rules of a block image', async () => {
    const { image, sections } = await encodeUki(OPTIONS, context());
    expect(sections.map(({ name }) => name)).toEqual(['.osrel', '.cmdline', '.uname', '.linux', '.initrd']);
    expect(await faultsOf(image)).toEqual([]);
    const content = await contentOf(OPTIONS);
    expect(content.get('.linux')?.equals(KERNEL)).toBe(true);
    expect(content.get('.cmdline')?.toString()).toBe('console=ttyS0');
    const bytes = await bufferOf(image);
    expect(readPe(bytes).sections.map(({ name }) => name)).toEqual([
      '.text',
      '.sbat',
      ...sections.map(({ name }) => name),
    ]);
  });

  test('reads what lies in the store when its bytes are asked for', async () => {
    const store = new MemoryStore();
    const blob = store.put(noise(40_000, 3));
    const stored = storedImage({ blob, offset: 100, sizeBytes: 30_001 }, store.context());
    const { image } = await encodeUki({ ...OPTIONS, initrds: [stored] }, store.context());
    const same = bytesImage(noise(40_000, 3).subarray(100, 30_101));
    const want = await encodeUki({ ...OPTIONS, initrds: [same] }, context());
    expect((await bufferOf(image)).equals(await bufferOf(want.image))).toBe(true);
  });

  test('fills initrds up to a multiple of 4 where another one follows', async () => {
    const initrds = [noise(5, 1), noise(8, 2), noise(3, 3)];
    const content = await contentOf({ ...OPTIONS, initrds: initrds.map(bytesImage) });
    const [one, two, three] = initrds as [Buffer, Buffer, Buffer];
    const joined = Buffer.concat([one, Buffer.alloc(3), two, three, Buffer.alloc(1)]);
    expect(content.get('.initrd')?.equals(joined)).toBe(true);
  });

  test('says what firmware and stub measure', async () => {
    const { image, measured } = await encodeUki(OPTIONS, context());
    const bytes = await bufferOf(image);
    expect(measured.peHash).toBe((await peImageHash(readPe(bytes), [bytes])).toString('hex'));
    expect(measured.kernelPeHash).toBe((await peImageHash(readPe(KERNEL), [KERNEL])).toString('hex'));
    const linux = createHash('sha256').update(KERNEL).digest('hex');
    expect(measured.sections).toContainEqual({ name: '.linux', sha256: linux });
    expect(measured.sections.map(({ name }) => name)).toContain('.sbat');
  });

  test('is signed by its end and its headers alone, and the same bytes each time', async () => {
    const plain = await encodeUki(OPTIONS, context());
    const signed = await encodeUki({ ...OPTIONS, signer: await testSigner() }, context());
    const again = await encodeUki({ ...OPTIONS, signer: await testSigner() }, context());
    expect(signed.measured).toEqual(plain.measured);
    expect(await faultsOf(signed.image)).toEqual([]);
    const [unsignedBytes, bytes] = [await bufferOf(plain.image), await bufferOf(signed.image)];
    expect(bytes.equals(await bufferOf(again.image))).toBe(true);
    const pe = readPe(bytes);
    expect(pe.certificates?.offset).toBe(plain.image.sizeBytes);
    expect((await peImageHash(pe, [bytes])).toString('hex')).toBe(plain.measured.peHash);
    bytes.fill(0, pe.certificateEntryOffset, pe.certificateEntryOffset + 8);
    expect(bytes.subarray(0, unsignedBytes.length).equals(unsignedBytes)).toBe(true);
  });

  test('keeps its bytes from version to version', async () => {
    const { image } = await encodeUki({ ...OPTIONS, microcode: bytesImage(noise(100, 9)) }, context());
    expect(sha256(await bufferOf(image))).toMatchInlineSnapshot(
      `"sha256:2d577476b3e3d3775a3d360b310278b7af7acbff9eb7559fcddd70b1013a8572"`,
    );
  });

  test.each([
    ['a kernel that is no PE image', { kernel: bytesImage(noise(5000, 4)) }, 'kernel with an EFI stub'],
    ['a kernel for another machine', { kernel: bytesImage(peOf({ machine: 0xaa64 })) }, 'machine aa64'],
    [
      'SBAT of a kernel that is far too large',
      { kernel: bytesImage(peOf({ sections: [['.sbat', noise(66_000, 1)]] })) },
      'a .sbat of the stub or the kernel has 66048 bytes',
    ],
    ['a NUL in the command line', { commandLine: 'a\0b' }, 'NUL'],
    ['a stub that is far too large', { stub: memoryImage([{ sizeBytes: 17 << 20, kind: 'zero' }]) }, 'at most'],
    ['a stub without room for SBAT', { stub: bytesImage(peOf({ sections: [['.text', noise(9, 1)]] })) }, '.sbat'],
  ])('refuses %s', async (_, rest, message) => {
    await expect(encodeUki({ ...OPTIONS, ...rest }, context())).rejects.toThrow(message);
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const encoding = encodeUki(OPTIONS, new MemoryStore().context(controller.signal));
    await expect(encoding).rejects.toThrow('enough');
  });
});
