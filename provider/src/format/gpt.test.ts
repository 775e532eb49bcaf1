import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { FormatError } from './error.js';
import { type Gpt, type GptPartition, gptHead, gptTail, readGpt, readGptTail } from './gpt.js';
import { guidBytes, guidOfName, guidText } from './guid.js';

const ESP = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const partition = (change: Partial<GptPartition> = {}): GptPartition => ({
  typeGuid: ESP,
  guid: '00112233-4455-6677-8899-aabbccddeeff',
  name: 'esp',
  startLba: 2048,
  endLba: 4095,
  ...change,
});
const disk = (change: Partial<Gpt> = {}): Gpt => ({
  diskGuid: 'd0d0d0d0-0001-0002-0304-050607080910',
  sectors: 8192,
  partitions: [partition()],
  ...change,
});

const guid = fc.uuid();
const anyGpt = fc
  .tuple(
    guid,
    fc.array(fc.tuple(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 128 }),
  )
  .chain(([diskGuid, gaps]) =>
    fc
      .tuple(
        ...gaps.map(() =>
          fc.tuple(
            guid,
            guid,
            fc.string({ maxLength: 36, unit: 'binary' }),
            fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
          ),
        ),
      )
      .map((rest) => {
        let end = 34;
        const partitions = rest.map(([typeGuid, own, text, attributes], index) => {
          const [gap, sectors] = gaps[index] as [number, number];
          const startLba = end + gap;
          end = startLba + sectors;
          return {
            typeGuid,
            guid: own,
            name: text.replaceAll('\0', '').slice(0, 36),
            startLba,
            endLba: end - 1,
            attributes,
          };
        });
        return { diskGuid, sectors: end + 33 + 1, partitions };
      }),
  )
  .filter(({ partitions }) => partitions.every(({ name }) => name.isWellFormed()));

describe('gptHead(), gptTail()', () => {
  test('are read back as they were written, for any table', () => {
    fc.assert(
      fc.property(anyGpt, (gpt) => {
        expect(readGpt(gptHead(gpt))).toEqual(gpt);
        expect(readGptTail(gptTail(gpt))).toEqual(gpt);
      }),
      { numRuns: 50 },
    );
  });

  test('stay as they are', () => {
    expect(gptHead(disk()).byteLength).toBe(34 * 512);
    expect(gptTail(disk()).byteLength).toBe(33 * 512);
    expect([sha256(gptHead(disk())), sha256(gptTail(disk()))]).toMatchInlineSnapshot(`
      [
        "sha256:4a305f575f67d258add67d504f5ecea8510ba6735a60372c44b87cc17fde6b2c",
        "sha256:90db302ab5135b303d3d47ed094ef535e02a85c921ac589737d64985dda7a41d",
      ]
    `);
  });

  test('say of a disk of more than 2 TiB that it is as large as an MBR can say', () => {
    expect(gptHead(disk({ sectors: 2 ** 33 })).readUInt32LE(446 + 12)).toBe(0xffff_ffff);
  });

  test.each([
    ['sectors', disk({ sectors: 67 })],
    ['partitions[0].name', disk({ partitions: [partition({ name: 'x'.repeat(37) })] })],
    ['partitions[0].name', disk({ partitions: [partition({ name: 'a\0b' })] })],
    ['partitions[0].startLba', disk({ partitions: [partition({ startLba: 33 })] })],
    ['partitions[0].startLba', disk({ partitions: [partition({ startLba: 2048.5 })] })],
    ['partitions[0].endLba', disk({ partitions: [partition({ endLba: 8159 })] })],
    ['partitions[0].endLba', disk({ partitions: [partition({ endLba: 2047 })] })],
    ['partitions[0].attributes', disk({ partitions: [partition({ attributes: 1n << 64n })] })],
    ['partitions', disk({ partitions: [partition(), partition({ startLba: 4095, endLba: 5000 })] })],
    [
      'partitions',
      disk({
        sectors: 1e6,
        partitions: Array.from({ length: 129 }, (_, i) => partition({ startLba: 34 + i, endLba: 34 + i })),
      }),
    ],
  ])('refuse %s that does not fit, by its name', (property, gpt) => {
    expect(() => gptHead(gpt)).toThrow(expect.objectContaining({ code: 'out-of-range', context: { property } }));
  });
});

describe('readGpt()', () => {
  test('refuses every change of a byte of header or table', () => {
    const head = gptHead(disk());
    for (const at of [512, 512 + 8, 512 + 16, 512 + 40, 512 + 56, 512 + 88, 1024, 1024 + 40, 34 * 512 - 1]) {
      const changed = Buffer.from(head);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => readGpt(changed), `at ${at}`).toThrow(FormatError);
    }
  });

  test('refuses a table whose partitions overlap, though its sums are right', () => {
    const head = gptHead(disk({ partitions: [partition(), partition({ startLba: 5000, endLba: 6000 })] }));
    head.writeBigUInt64LE(4000n, 1024 + 128 + 32);
    head.writeUInt32LE(crc32(head.subarray(1024)), 512 + 88);
    head.writeUInt32LE(0, 512 + 16);
    head.writeUInt32LE(crc32(head.subarray(512, 512 + 92)), 512 + 16);
    expect(() => readGpt(head)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });

  test('refuses what is too short, and what is no table', () => {
    expect(() => readGpt(gptHead(disk()).subarray(0, 34 * 512 - 1))).toThrow(/there are 17407 bytes; wanted 17408/);
    expect(() => readGpt(Buffer.alloc(17408))).toThrow(/it has no "EFI PART"/);
  });
});

describe('guidBytes()', () => {
  test('has the order of bytes that UEFI wants', () => {
    expect(guidBytes(ESP).toString('hex')).toBe('28732ac11ff8d211ba4b00a0c93ec93b');
    expect(guidText(guidBytes(ESP))).toBe(ESP);
  });

  test('refuses what is no GUID', () => {
    expect(() => guidBytes('c12a7328')).toThrow('wanted 8-4-4-4-12 digits');
  });
});

describe('guidOfName()', () => {
  test('is the same for the same name, says that it is its own kind, and differs otherwise', () => {
    expect(guidOfName('a')).toMatchInlineSnapshot(`"ca978112-ca1b-8dca-bac2-31b39a23dc4d"`);
    expect(guidOfName('a')).toMatch(/^.{14}8.{4}[89ab]/);
    expect(guidOfName('b')).not.toBe(guidOfName('a'));
  });
});
