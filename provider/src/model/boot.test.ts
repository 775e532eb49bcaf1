import { describe, expect, test } from 'vitest';
import { rootArguments } from './boot.js';

const guid = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
const verity = { guid, rootHash: 'ab'.repeat(32), salt: '00ff', blocks: 7 };

describe('rootArguments()', () => {
  test('names a partition in lower case, and what its blocks are checked with', () => {
    const lower = '0fc63daf-8483-4772-8e79-3d69d8477de4';
    expect(rootArguments({ in: 'partition', guid })).toBe(`ingot.root=partition:${lower}`);
    expect(rootArguments({ in: 'partition', guid, verity })).toBe(
      `ingot.root=partition:${lower} ingot.verity=${'ab'.repeat(32)} ingot.verity.salt=00ff ingot.verity.blocks=7 ingot.verity.partition=${lower}`,
    );
  });

  test('names a disk, or nothing but the memory, which is not halved', () => {
    expect(rootArguments({ in: 'disk', serial: 'ingot-root' })).toBe('ingot.root=serial:ingot-root');
    expect(rootArguments({ in: 'ram' })).toBe('root=/dev/ram0 ingot.root=ram');
  });

  test.each([
    [{ in: 'partition', guid: 'x y' }, 'guid: '],
    [{ in: 'disk', serial: 'more than twenty bytes' }, 'serial: '],
    [{ in: 'disk', serial: 'ingot root' }, 'serial: '],
    [{ in: 'partition', guid, verity: { ...verity, rootHash: 'AB' } }, 'verity.rootHash: '],
    [{ in: 'partition', guid, verity: { ...verity, salt: '' } }, 'verity.salt: '],
    [{ in: 'partition', guid, verity: { ...verity, blocks: 0.5 } }, 'verity.blocks: '],
  ] as const)('refuses %j', (place, field) => {
    expect(() => rootArguments(place)).toThrow(field);
  });
});
