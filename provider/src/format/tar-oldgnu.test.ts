import { describe, expect, test } from 'vitest';
import { oldGnuEndBytes, oldGnuHeader } from './tar-oldgnu.js';

const FILE = { name: 'disk.raw', sizeBytes: 1 << 30, mode: 0o644, mtimeSeconds: 0 };

describe('oldGnuHeader()', () => {
  test('has the magic that GNU tar had before POSIX, and a sum that fits', () => {
    const header = oldGnuHeader(FILE);
    expect(header.toString('latin1', 257, 265)).toBe('ustar  \0');
    expect(header.toString('latin1', 124, 136)).toBe('10000000000\0');
    const sum = Number.parseInt(header.toString('latin1', 148, 154), 8);
    expect(header.fill(' ', 148, 156).reduce((total, byte) => total + byte, 0)).toBe(sum);
  });

  test('has a size of 8 GiB and more in base 256', () => {
    const header = oldGnuHeader({ ...FILE, sizeBytes: 2 ** 33 });
    expect(header.subarray(124, 136).toString('hex')).toBe('800000000000000200000000');
    expect(oldGnuHeader({ ...FILE, sizeBytes: 2 ** 33 - 1 }).toString('latin1', 124, 136)).toBe('77777777777\0');
  });

  test.each([
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['mode', { mode: 8 ** 7 }],
    ['size', { sizeBytes: 2 ** 60 }],
    ['size', { sizeBytes: -1 }],
    ['mtime', { mtimeSeconds: -1 }],
  ])('refuses %s that does not fit, by its name (%#)', (property, change) => {
    expect(() => oldGnuHeader({ ...FILE, ...change })).toThrow(
      expect.objectContaining({ code: 'out-of-range', context: { property } }),
    );
  });
});

describe('oldGnuEndBytes()', () => {
  test.each([
    [0, 10240 - 512],
    [1, 10240 - 513],
    [10240 - 512 - 1024, 1024],
    [10240 - 512 - 1023, 1023 + 10240],
    [1 << 30, 1024 + 2560],
  ])('behind %d bytes are %d', (sizeBytes, wanted) => {
    expect(oldGnuEndBytes(sizeBytes)).toBe(wanted);
    expect((512 + sizeBytes + wanted) % 10240).toBe(0);
  });
});
