import { describe, expect, test } from 'vitest';
import type { ArchiveEntry } from './archive-chunks.js';
import { mergeSmall } from './merge-small.js';

const KIB = 1024;
const part = (path: string, kib: number): ArchiveEntry[] => [{ path, header: Buffer.alloc(kib * KIB) }];
const merged = (parts: ArchiveEntry[][]) => mergeSmall(parts).map((group) => group.map(({ path }) => path).join('+'));

describe('mergeSmall()', () => {
  test('puts small neighbours together, leaves large ones alone and empty ones out', () => {
    const parts = [part('a', 3), part('b', 900), [], part('c', 200), part('d', 5000), part('e', 1), part('f', 1)];
    expect(merged(parts)).toEqual(['a+b', 'c', 'd', 'e+f']);
  });

  test('keeps what lies beyond a large part as it is, when one comes before', () => {
    const parts = [part('a', 600), part('b', 600), part('large', 2000), part('c', 600), part('d', 300)];
    expect(merged([part('new', 500), ...parts]).slice(-2)).toEqual(merged(parts).slice(-2));
  });
});
