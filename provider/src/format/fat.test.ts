import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import { readFat, volumeOf } from './fat.fixture.js';
import { type FatOptions, fatLayout } from './fat.js';
import { fatGeometry } from './fat-geometry.js';
import { shortNames } from './fat-name.js';

const MIB = 1 << 20;

function volume(files: ReadonlyMap<string, Buffer>, options: Partial<FatOptions> = {}): Buffer {
  const list = [...files].map(([path, { length }]) => ({ path, sizeBytes: length }));
  const all = { sizeBytes: 4 * MIB, volumeId: 0x1234_5678, label: 'ESP', files: list, ...options };
  return volumeOf(fatLayout(all), { sizeBytes: all.sizeBytes, files });
}

const filled = (length: number, byte: number) => Buffer.alloc(length, byte);
const EXAMPLE = new Map([
  ['EFI/BOOT/BOOTX64.EFI', filled(1_000_000, 1)],
  ['EFI/Linux/a kernel with a long name.efi', filled(70_000, 2)],
  ['loader/loader.conf', Buffer.from('timeout 0\n')],
  ['empty', Buffer.alloc(0)],
]);

describe('fatLayout()', () => {
  test.each([
    ['FAT16', 4 * MIB],
    ['FAT16', 32 * MIB],
    ['FAT32', 64 * MIB],
    ['FAT32', 300 * MIB],
  ])('makes a %s that is read back, of %d bytes', (type, sizeBytes) => {
    expect(fatGeometry(sizeBytes).type).toBe(type);
    const read = readFat(volume(EXAMPLE, { sizeBytes }));
    expect(new Map([...read].sort())).toEqual(new Map([...EXAMPLE].sort()));
  });

  test.each([
    ['FAT16', 4 * MIB, 'sha256:e757322146678914ea644567257672b828fa6239ce2efca358f92c070332c1da'],
    ['FAT32', 64 * MIB, 'sha256:024063b7b01f0db61105f7aee3be26a345fc5caa2950beb082c17143720f8107'],
  ])('stays as it is: %s', (_, sizeBytes, digest) => {
    expect(sha256(volume(EXAMPLE, { sizeBytes }))).toBe(digest);
  });

  test('gives back any files, with any names', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 40, unit: 'binary' })
      .map((text) => text.replace(/[\x00-\x1f\x7f"*/:<>?\\|]/g, '-').replace(/[. ]$/, '_'))
      .filter((text) => text.isWellFormed());
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
    const file = fc.tuple(path, fc.integer({ min: 0, max: 40_000 }));
    // Names that differ in case alone cannot be in one folder, nor a folder where there is a file.
    const clashes = (a: string, b: string) => {
      const [one, other] = [a.toUpperCase().split('/'), b.toUpperCase().split('/')];
      const at = one.findIndex((part, index) => part !== other[index]);
      const same = at === -1 ? one.length : at;
      return (
        same === one.length ||
        same === other.length ||
        a.split('/').slice(0, same).join() !== b.split('/').slice(0, same).join()
      );
    };
    const files = fc
      .uniqueArray(file, { maxLength: 20, comparator: ([a], [b]) => clashes(a, b) })
      .map((list) => new Map(list.map(([text, length], index) => [text, filled(length, index + 1)])));
    const align = fc.constantFrom(512, 4096, 32768);
    fc.assert(
      fc.property(files, align, (given, alignBytes) => {
        const read = readFat(volume(given, { alignBytes }));
        expect(new Map([...read].sort())).toEqual(new Map([...given].sort()));
      }),
      { numRuns: 50 },
    );
  });

  test('covers the volume: nothing overlaps, and what is aligned lies where it should', () => {
    const files = [...EXAMPLE].map(([path, { length }]) => ({ path, sizeBytes: length }));
    const layout = fatLayout({ sizeBytes: 64 * MIB, volumeId: 1, label: 'ESP', files, alignBytes: 1 << 19 });
    const spans = [
      ...layout.tables.map(({ offset, bytes }) => ({ offset, sizeBytes: bytes.length })),
      ...layout.bodies,
      ...layout.free,
    ].sort((a, b) => a.offset - b.offset);
    for (const [index, span] of spans.slice(1).entries()) {
      const before = spans[index] as (typeof spans)[number];
      expect(before.offset + before.sizeBytes).toBeLessThanOrEqual(span.offset);
    }
    expect(layout.bodies.map(({ path }) => path)).toEqual([...EXAMPLE.keys()].filter((path) => path !== 'empty'));
    expect((layout.bodies[0]?.offset ?? 1) % (1 << 19)).toBe(0);
    const last = layout.free.at(-1);
    expect((last?.offset ?? 0) + (last?.sizeBytes ?? 0)).toBe(64 * MIB);
  });

  test('leaves a file where it is when one before it in the folders grows a little', () => {
    const at = (length: number) => {
      const files = [
        { path: 'EFI/BOOT/BOOTX64.EFI', sizeBytes: length },
        { path: 'other.img', sizeBytes: 3 * MIB },
      ];
      return fatLayout({ sizeBytes: 64 * MIB, volumeId: 1, label: 'ESP', files, alignBytes: MIB }).bodies[1]?.offset;
    };
    expect(at(20 * MIB + 1)).toBe(at(20 * MIB + 900_000));
  });

  test('does not depend on the order in which files are given', () => {
    const reversed = new Map([...EXAMPLE].reverse());
    expect(volume(reversed).equals(volume(EXAMPLE))).toBe(true);
  });

  test('writes folders of more than a cluster', () => {
    const many = new Map(
      Array.from({ length: 3000 }, (_, index) => [`d/A file that is number ${index}`, filled(1, 7)]),
    );
    expect(readFat(volume(many)).size).toBe(3000);
  });

  test.each<[string, string, Partial<FatOptions>]>([
    ['out-of-range', 'sizeBytes', { sizeBytes: 1000 }],
    ['out-of-range', 'sizeBytes', { sizeBytes: MIB }],
    ['out-of-range', 'sizeBytes', { sizeBytes: 2 ** 41 }],
    ['out-of-range', 'volumeId', { volumeId: 2 ** 32 }],
    ['out-of-range', 'label', { label: 'longer than eleven' }],
    ['out-of-range', 'alignBytes', { alignBytes: 3000 }],
    ['out-of-range', 'path', { files: [{ path: 'a//b', sizeBytes: 1 }] }],
    ['out-of-range', 'path', { files: [{ path: 'a/../b', sizeBytes: 1 }] }],
    ['out-of-range', 'path', { files: [{ path: 'a:b', sizeBytes: 1 }] }],
    ['out-of-range', 'path', { files: [{ path: 'x'.repeat(256), sizeBytes: 1 }] }],
    ['out-of-range', 'path', { files: ['a', 'A'].map((path) => ({ path, sizeBytes: 1 })) }],
    ['out-of-range', 'path', { files: ['a', 'a'].map((path) => ({ path, sizeBytes: 1 })) }],
    ['out-of-range', 'path', { files: ['a', 'a/b'].map((path) => ({ path, sizeBytes: 1 })) }],
    ['out-of-range', 'sizeBytes', { sizeBytes: 2 ** 36, files: [{ path: 'a', sizeBytes: 2 ** 32 }] }],
  ])('refuses as %s a %s that does not fit (%#)', (code, property, options) => {
    expect(() => volume(new Map(), options)).toThrow(
      expect.objectContaining({ code, context: expect.objectContaining({ property }) }),
    );
  });

  test('refuses files that do not fit', () => {
    expect(() => volume(new Map([['a', filled(4 * MIB, 1)]]))).toThrow(/they do not fit/);
  });
});

describe('shortNames()', () => {
  test.each([
    ['BOOTX64.EFI', 'BOOTX64 EFI'],
    ['grubx64.efi', 'GRUBX64 EFI'],
    ['loader.conf', 'LOADER~1CON'],
    ['a long name.efi', 'ALONGN~1EFI'],
    ['.hidden', 'HIDDEN~1   '],
    ['two.dots.txt', 'TWODOT~1TXT'],
    ['größe', 'GR__E~1    '],
    ['日本', '__~1       '],
  ])('of %s is %s', (name, short) => {
    expect(shortNames([name])).toEqual([short]);
  });

  test('are all different', () => {
    expect(shortNames(['loader.conf', 'loader.config', 'LOADER~1.CON'])).toEqual([
      'LOADER~2CON',
      'LOADER~3CON',
      'LOADER~1CON',
    ]);
  });
});
