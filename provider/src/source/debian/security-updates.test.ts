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

test('withSecurityUpdate() finds those of every component', async () => {
  const fields = (suite: string) => ({ Origin: 'Ubuntu', Label: 'Ubuntu', Suite: suite, Codename: 'noble' });
  for (const suite of ['noble', 'noble-updates', 'noble-security']) {
    const ofUniverse = suite.endsWith('-security') ? ([['crun', '1.1']] as const) : [];
    await archive.publish(suite, [], { universe: ofUniverse, fields: fields(suite) });
  }
  const { main, security } = await archive.writeOut();
  const mirrors = { main: '', security: '', ubuntu: { main, security } };
  const pinned = [{ ...packagePin('crun=1.0'), archive: 'ubuntu' }];
  const asking = { ...archive.options, mirrors, suite: 'noble', distribution: 'ubuntu' as const };
  expect([...(await withSecurityUpdate(pinned, asking))]).toEqual(pinned);
});
