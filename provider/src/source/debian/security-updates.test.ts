import { afterEach, beforeEach, expect, test } from 'vitest';
import { packagePin } from '../lock-file/testing.fixture.js';
import { makeKey, TestArchive } from './resolve.fixture.js';
import { withSecurityUpdate } from './security-updates.js';

let archive: TestArchive;
beforeEach(async () => {
  archive = await TestArchive.start(await makeKey());
});
afterEach(() => archive[Symbol.asyncDispose]());

test('withSecurityUpdate() finds those that the security archive has something newer of, and no others', async () => {
  await archive.publishAll({
    release: [
      ['fixed', '1.1'],
      ['newer', '2.0'],
    ],
    security: [
      ['fixed', '1.1'],
      ['same', '1.0'],
      ['older', '0.9'],
      ['tilde', '1.0~deb13u1'],
      ['foreign', '2.0', { Architecture: 'arm64' }],
    ],
  });
  const mirrors = await archive.writeOut();
  const names = ['fixed', 'newer', 'same', 'older', 'tilde', 'foreign', 'absent'];
  const pinned = names.map((name) => packagePin(`${name}=1.0`));
  const found = await withSecurityUpdate(pinned, { ...archive.options, mirrors });
  expect([...found].map(({ name }) => name)).toEqual(['fixed']);
});
