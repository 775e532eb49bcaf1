import { mkdir, mkdtemp, open, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { whyNotWritten } from './write-failure.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-why-'));
  await symlink('nowhere', join(folder, 'link'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (path: string) => (await open(path, 'wx')).close();

test.each([
  ['a file in a folder that is not there', () => write(join(folder, 'a/b')), 'there is no such folder; make it first'],
  ['a file among those of the kernel', () => write('/proc/a'), 'nothing can be made there; name another place'],
  ['a file below those', () => write('/proc/a/b'), 'nothing can be made there; name another place'],
  ['a folder below those', () => mkdir('/proc/a'), 'nothing can be made there; name another place'],
  [
    'a folder where a link leads nowhere',
    () => stat(join(folder, 'link')),
    'nothing can be made there; name another place',
  ],
  ['a file that is a folder', async () => (await open(folder, 'w')).close(), /^it is a folder/],
  ['a folder below a file', () => mkdir('/dev/null/a'), /^it is not a folder, or something on the way is none/],
])('whyNotWritten() says what to do about %s', async (_, work, reason) => {
  const error = await (work() as Promise<unknown>).catch((thrown: unknown) => thrown);
  expect(whyNotWritten(error)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
});

test('whyNotWritten() knows nothing of what is no error of the system', async () => {
  expect(whyNotWritten(new Error('x'))).toBeUndefined();
  expect(whyNotWritten(await mkdir(folder).catch((error: unknown) => error))).toMatch(
    /something of that name is there/,
  );
});
