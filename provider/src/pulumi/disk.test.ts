import { describe, expect, test } from 'vitest';
import { check, diff } from './index.js';

const DISK = { __provider: 'x', __type: 'local.Disk', __urn: 'urn:pulumi:s::p::t::data', __secret: false };
const LARGE = { ...DISK, sizeMiB: 64, existingFile: 'a.img' };

describe('local.Disk', () => {
  test('check() refuses a smaller size, and says what would be lost', async () => {
    const { failures } = await check(LARGE, { ...LARGE, sizeMiB: 32 });
    expect(failures).toEqual([{ property: 'sizeMiB', reason: expect.stringMatching(/^32 is less than the 64/) }]);
  });

  test.each([{ existingFile: 'b.img' }, { existingFile: undefined, path: 'b.img' }])(
    'check() takes any size of another disk: %j',
    async (other) => {
      const news = { ...LARGE, sizeMiB: 32, ...other };
      const { inputs, failures } = await check(LARGE, news);
      expect(failures).toEqual([]);
      expect((await diff('a.img', LARGE, inputs as Record<string, unknown>)).replaces).toContain('existingFile');
    },
  );
});
