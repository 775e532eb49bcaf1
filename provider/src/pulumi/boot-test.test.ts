import { expect, test } from 'vitest';
import { unpinnedLock } from '../model/lock.js';
import { check } from './index.js';
import { encodeLock } from './lock-text.js';

test.each([
  ['ram', 1],
  ['disk', 0],
] as const)('check() of a BootTest wants memory for a root in %s: %i problems', async (root, problems) => {
  const guest = { version: 2, pin: { kind: 'debian' as const, suite: 'trixie', packages: [] } };
  const lock = { ...unpinnedLock({ root }), recipe: 2, pins: {}, files: {}, guest };
  const { failures = [] } = await check(
    {},
    {
      ...{ __provider: 'x', __type: 'BootTest', __urn: 'urn:pulumi:s::p::t::n', __secret: false },
      ...{ digest: `sha256:${'a'.repeat(64)}`, rootSizeBytes: 400e6, __lock: encodeLock({ lock, sources: {} }) },
    },
  );
  expect(failures.filter(({ property }) => property === 'memoryMiB')).toHaveLength(problems);
});
