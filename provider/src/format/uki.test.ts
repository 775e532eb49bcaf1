import { describe, expect, test } from 'vitest';
import { peOf } from './pe.fixture.js';
import { readPe } from './pe.js';
import { layOutUki, mergeSbat } from './uki.js';

const SECTIONS = [
  { name: '.linux', sizeBytes: 5000 },
  { name: '.osrel', sizeBytes: 10 },
  { name: '.initrd', sizeBytes: 0 },
  { name: '.mine', sizeBytes: 1 },
  { name: '.ucode', sizeBytes: 512 },
];

describe('layOutUki()', () => {
  test('adds sections in the order of ukify, whatever order they are given in, and leaves out empty ones', () => {
    const { head, sections, sizeBytes } = layOutUki(peOf(), { sections: SECTIONS, kernelNx: true });
    expect(sections).toEqual([
      { name: '.osrel', offset: 0xa00, sizeBytes: 10 },
      { name: '.linux', offset: 0xc00, sizeBytes: 5000 },
      { name: '.ucode', offset: 0x2000, sizeBytes: 512 },
      { name: '.mine', offset: 0x2200, sizeBytes: 1 },
    ]);
    expect(sizeBytes).toBe(0x2400);
    const pe = readPe(head, sizeBytes);
    expect(pe.sections.map(({ name, virtualAddress }) => [name, virtualAddress])).toEqual([
      ['.text', 0x1000],
      ['.sbat', 0x2000],
      ['.osrel', 0x3000],
      ['.linux', 0x4000],
      ['.ucode', 0x6000],
      ['.mine', 0x7000],
    ]);
    expect(pe.dllCharacteristics).toBe(0x160);
    expect(head.readUInt32LE(pe.optionalHeaderOffset + 56)).toBe(0x8000);
  });

  test('claims no memory protection that the kernel cannot bear', () => {
    const { head, sizeBytes } = layOutUki(peOf(), { sections: SECTIONS, kernelNx: false });
    expect(readPe(head, sizeBytes).dllCharacteristics).toBe(0x60);
  });

  test('replaces a section of the stub, where it fits', () => {
    const bytes = Buffer.from('sbat,1\n\0');
    const sbat = { name: '.sbat', sizeBytes: bytes.length, bytes };
    const { head, sections } = layOutUki(peOf(), { sections: [sbat], kernelNx: true });
    expect(sections).toEqual([]);
    const [, section] = readPe(head).sections;
    expect(section).toMatchObject({ name: '.sbat', virtualSizeBytes: 8, rawOffset: 0x800 });
    expect(head.subarray(0x800, 0xa00).equals(Buffer.concat([bytes, Buffer.alloc(0x200 - 8)]))).toBe(true);
    const large = { name: '.sbat', sizeBytes: 0x201, bytes: Buffer.alloc(0x201) };
    expect(() => layOutUki(peOf(), { sections: [large], kernelNx: true })).toThrow('has room for 512');
  });

  test.each([
    ['a signed stub', { stub: signedStub() }, 'signed already'],
    ['a stub of small alignment', { stub: peOf({ sectionAlignment: 0x200 }) }, 'no room for more headers'],
    ['a stub that is none', { stub: Buffer.alloc(100) }, 'MZ'],
    ['a long name', { sections: [{ name: '.much-too-long', sizeBytes: 1 }] }, '1 to 8 bytes'],
    ['a section beyond 4 GiB', { sections: [{ name: '.initrd', sizeBytes: 2 ** 32 }] }, 'beyond 4 GiB'],
    [
      'sections that are beyond 4 GiB together',
      { sections: ['.linux', '.initrd'].map((name) => ({ name, sizeBytes: 2 ** 31 })) },
      'beyond 4 GiB',
    ],
    [
      'more sections than headers fit',
      { sections: Array.from({ length: 30 }, (_, index) => ({ name: `.s${index}`, sizeBytes: 1 })) },
      'no room left',
    ],
  ])('refuses %s', (_, given, message) => {
    const { stub = peOf(), sections = SECTIONS } = given as { stub?: Buffer; sections?: typeof SECTIONS };
    expect(() => layOutUki(stub, { sections, kernelNx: true })).toThrow(message);
  });

  function signedStub(): Buffer {
    const stub = Buffer.concat([peOf(), Buffer.alloc(16)]);
    const { certificateEntryOffset } = readPe(stub);
    stub.writeUInt32LE(stub.length - 16, certificateEntryOffset);
    stub.writeUInt32LE(16, certificateEntryOffset + 4);
    return stub;
  }
});

describe('mergeSbat()', () => {
  test('puts all generations under one first line, with a NUL at its end', () => {
    const merged = mergeSbat([Buffer.from('sbat,1,x\na,1\n\0\0'), '', 'sbat,1,y\nb,2\n', 'c,3']).toString();
    expect(merged).toBe(
      'sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\na,1\nb,2\nc,3\n\0',
    );
  });

  test('refuses a part that is far too long', () => {
    expect(() => mergeSbat(['x'.repeat(70_000)])).toThrow('SBAT');
  });
});
