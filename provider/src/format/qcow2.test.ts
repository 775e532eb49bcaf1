import { describe, expect, test } from 'vitest';
import { qcow2Layout } from './qcow2.js';

const KIB = 1024;
const MIB = 1 << 20;
const GIB = 2 ** 30;

describe('qcow2Layout()', () => {
  test('puts neighbours together, and leaves out what holds no data', () => {
    const data = [
      { offset: 10, sizeBytes: 10 },
      { offset: 30, sizeBytes: 64 * KIB },
      { offset: 128 * KIB, sizeBytes: 1 },
      { offset: 300 * KIB, sizeBytes: 0 },
      { offset: 640 * KIB, sizeBytes: 64 * KIB },
    ];
    const { runs, fileBytes } = qcow2Layout({ sizeBytes: MIB, data });
    expect(runs).toEqual([
      { offset: 0, fileOffset: 320 * KIB, sizeBytes: 192 * KIB },
      { offset: 640 * KIB, fileOffset: 512 * KIB, sizeBytes: 64 * KIB },
    ]);
    expect(fileBytes).toBe(576 * KIB);
  });

  test('ends a run where the disk ends', () => {
    const { runs } = qcow2Layout({ sizeBytes: 65 * KIB, data: [{ offset: 64 * KIB, sizeBytes: KIB }] });
    expect(runs).toEqual([{ offset: 64 * KIB, fileOffset: 320 * KIB, sizeBytes: KIB }]);
  });

  test.each([
    [0, 0],
    [MIB, 5],
    [3 * GIB, 1 + 1 + 2 + 1 + 6],
    [60 * GIB, 1 + 1 + 31 + 1 + 120],
    [40_000 * GIB, undefined],
  ])('has as many tables as fit before the first run, for %d bytes of data', (sizeBytes, clusters) => {
    const { runs, tables, fileBytes } = qcow2Layout({ sizeBytes, data: [{ offset: 0, sizeBytes }] });
    if (clusters === undefined) {
      // 655,360,000 clusters of data in blocks of 32,768, so the table of counts takes three clusters.
      const header = tables()[Symbol.iterator]().next().value as Buffer;
      expect(header.readUInt32BE(56)).toBe(3);
      return;
    }
    let bytes = 0;
    for (const table of tables()) bytes += table.byteLength;
    expect(bytes).toBe(runs[0]?.fileOffset ?? fileBytes);
    if (clusters > 0) expect(bytes / (64 * KIB)).toBe(clusters);
  });

  test.each([
    ['sizeBytes', { sizeBytes: 1000, data: [] }],
    ['sizeBytes', { sizeBytes: 2 ** 53, data: [] }],
    ['data', { sizeBytes: 1024, data: [{ offset: 1000, sizeBytes: 100 }] }],
    [
      'data',
      {
        sizeBytes: 1024,
        data: [
          { offset: 100, sizeBytes: 100 },
          { offset: 0, sizeBytes: 1 },
        ],
      },
    ],
  ])('refuses %s that does not fit, by its name (%#)', (property, options) => {
    expect(() => qcow2Layout(options)).toThrow(
      expect.objectContaining({ code: 'out-of-range', context: { property } }),
    );
  });
});
