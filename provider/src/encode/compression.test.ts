import { describe, expect, test } from 'vitest';
import { compressorOf } from './compression.js';

describe('compressorOf()', () => {
  test('names what decides the bytes of each format', () => {
    expect(compressorOf('tar', 'zstd')).toBe('none');
    expect(compressorOf('oci')).toMatch(/^gzip level 6 /);
    expect(compressorOf('docker-archive', 'gzip')).toBe('none');
    expect(compressorOf('kernel+initrd', 'none')).toBe('none');
    expect(compressorOf('kernel+initrd')).toMatch(/^zstd level 3 \(zstd \d+\.\d+\.\d+\)$/);
    expect(compressorOf('kernel+initrd', 'gzip')).toMatch(/^gzip level 6 \(zlib \d/);
  });
});
