import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatLockFile } from './content.js';
import { lockFilePlace, readLockFile, writeLockFile } from './lock-file.js';
import { contentOf } from './testing.fixture.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-lock-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = { path: 'web.lock.json', command: 'ingot lock web.yml', content: contentOf() };

describe('lockFilePlace()', () => {
  test.each([
    ['web.yml', 'web.lock.json', 'ingot lock web.yml'],
    ['web.yaml', 'web.lock.json', 'ingot lock web.yaml'],
    ['web', 'web.lock.json', 'ingot lock web'],
    ['a.b.yml', 'a.b.lock.json', 'ingot lock a.b.yml'],
    ['images/web.yml', 'images/web.lock.json', 'ingot lock images/web.yml'],
    ['../web.yml', '../web.lock.json', 'ingot lock ../web.yml'],
    ['/srv/web.yml', '/srv/web.lock.json', 'ingot lock /srv/web.yml'],
    ['my web.yml', 'my web.lock.json', "ingot lock 'my web.yml'"],
    [['base.yml', 'x/web.yml'], 'x/web.lock.json', 'ingot lock base.yml x/web.yml'],
  ])('of %j is %s', (spec, path, command) => {
    expect(lockFilePlace(spec)).toEqual({ path, command });
  });

  test.each([['-'], [['web.yml', '-']], ['services: []\n'], [{}], [undefined], [[]], ['']])('of %j is none', (spec) => {
    expect(lockFilePlace(spec)).toBeUndefined();
  });
});

describe('readLockFile()', () => {
  test('gives what writeLockFile() has written, and nothing where there is no file', async () => {
    expect(await readLockFile('web.yml', folder)).toBeUndefined();
    await writeLockFile(file, folder);
    expect(await readLockFile('web.yml', folder)).toEqual(file);
    expect(await readLockFile(['base.yml', 'web.yml'], folder)).toMatchObject({
      command: 'ingot lock base.yml web.yml',
    });
    expect(await readLockFile('other.yml', folder)).toBeUndefined();
    expect(await readLockFile('-', folder)).toBeUndefined();
  });

  test('throws unreadable for what is no file', async () => {
    await mkdir(join(folder, 'web.lock.json'));
    await expect(readLockFile('web.yml', folder)).rejects.toMatchObject({
      code: 'unreadable',
      message: 'Cannot read web.lock.json: EISDIR; give permission, or remove it',
    });
  });
});

describe('writeLockFile()', () => {
  test('writes through a link, and leaves nothing else', async () => {
    await mkdir(join(folder, 'shared'));
    await symlink('shared/web.lock.json', join(folder, 'web.lock.json'));
    await writeFile(join(folder, 'shared/web.lock.json'), '{}');
    await writeLockFile(file, folder);
    expect(await readFile(join(folder, 'shared/web.lock.json'), 'utf8')).toBe(formatLockFile(file.content));
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      'shared',
      'shared/web.lock.json',
      'web.lock.json',
    ]);
  });

  test('is seen whole by whoever reads meanwhile', async () => {
    const [one, other] = [file, { ...file, content: contentOf({ guest: null, pins: {} }) }];
    await writeLockFile(one, folder);
    const texts = [one, other].map(({ content }) => formatLockFile(content));
    const writing = Promise.all(Array.from({ length: 20 }, (_, at) => writeLockFile(at % 2 ? one : other, folder)));
    for (let turn = 0; turn < 50; turn++) {
      expect(texts).toContain(await readFile(join(folder, file.path), 'utf8'));
    }
    await writing;
    expect(await readdir(folder)).toEqual(['web.lock.json']);
  });

  test('throws io with the path where it cannot write', async () => {
    const writing = writeLockFile({ ...file, path: 'nowhere/web.lock.json' }, folder);
    await expect(writing).rejects.toMatchObject({ code: 'io' });
    await expect(writing).rejects.toThrow(
      /^Cannot write nowhere\/web.lock.json: there is no such folder; make it first$/,
    );
  });
});
