import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, ingot } from './ingot.js';

describe('ingot keys new', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ingot-cli-keys-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const run = (...words: string[]): Promise<Ended> => ingot(['keys', 'new', ...words], { folder });

  test('writes keys that only their owner can read, and says which they are', async () => {
    const { code, stdout, stderr } = await run('fleet', '--name', 'web');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('PK.key, KEK.key, db.key');
    const kinds = ['auth', 'der', 'esl', 'key', 'pem'];
    expect((await readdir(join(folder, 'fleet'))).sort()).toEqual(
      [
        ...['KEK', 'PK', 'db'].flatMap((name) => kinds.map((kind) => `${name}.${kind}`)),
        ...['aws-uefi-data.txt', 'gce-shielded-instance.json', 'pcr7.txt'],
      ].sort(),
    );
    expect((await stat(join(folder, 'fleet', 'db.key'))).mode & 0o777).toBe(0o600);
    const gce = JSON.parse(await readFile(join(folder, 'fleet', 'gce-shielded-instance.json'), 'utf8'));
    const db = (await readFile(join(folder, 'fleet', 'db.der'))).toString('base64');
    expect(gce).toMatchObject({ dbs: [{ content: db, fileType: 'X509' }], dbxs: [] });
  });

  test('never overwrites, and refuses a name that no certificate can have', async () => {
    await run('fleet');
    const before = await readFile(join(folder, 'fleet', 'PK.key'));
    const again = await run('fleet');
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('is there already; keys are never overwritten');
    expect((await readFile(join(folder, 'fleet', 'PK.key'))).equals(before)).toBe(true);
    const long = await run('other', '--name', 'x'.repeat(61));
    expect(long.stderr).toContain('wanted 1 to 60 characters');
    expect(await readdir(folder)).not.toContain('other');
  });

  test('says what to do where a file is in the way', async () => {
    await writeFile(join(folder, 'file'), '');
    const { code, stderr } = await run('file');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cannot write keys to .*file: something of that name is there, .*; name another place\n$/);
  });
});
