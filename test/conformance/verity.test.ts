import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryStore } from '../../provider/src/encode/tree.fixture.js';
import {
  BLOCK,
  bytesOf,
  imageOf,
  noise,
  OPTIONS,
  SALT,
  sparse,
  UUID,
} from '../../provider/src/encode/verity-image.fixture.js';
import { verityImage } from '../../provider/src/encode/verity-image.js';
import { missingPrograms, skipAllBecause } from '../skip.js';

describe('verityImage()', () => {
  skipAllBecause(missingPrograms('veritysetup'));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-verity-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function veritysetup(data: Uint8Array, salt = SALT.toString('hex')): { rootHash: string; file: Buffer } {
    const [image, hashes] = [join(folder, 'data'), join(folder, 'hashes')];
    writeFileSync(image, data);
    rmSync(hashes, { force: true });
    const text = execFileSync('veritysetup', ['format', image, hashes, `--salt=${salt}`, `--uuid=${UUID}`], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' },
      encoding: 'utf8',
    });
    return { rootHash: /Root hash:\s+([0-9a-f]{64})/.exec(text)?.[1] ?? '', file: readFileSync(hashes) };
  }

  test.each([1, 2, 3, 127, 128, 129, 255, 1000, 128 * 128, 128 * 128 + 1])(
    'makes the file that veritysetup makes, for %i blocks',
    async (blocks) => {
      const data = noise(blocks * BLOCK);
      const want = veritysetup(data);
      const made = await verityImage(imageOf(data), OPTIONS, new MemoryStore().context());
      expect(made).toMatchObject({ rootHash: want.rootHash, blocks, saltHex: SALT.toString('hex') });
      expect(Buffer.compare(await bytesOf(made.hashTree), want.file)).toBe(0);
    },
  );

  test.each(['-', '00', 'ff'.repeat(256)])(
    'makes the file that veritysetup makes, with the salt %.8s',
    async (salt) => {
      const data = noise(300 * BLOCK);
      const want = veritysetup(data, salt);
      const options = { salt: Buffer.from(salt === '-' ? '' : salt, 'hex'), uuid: UUID };
      const made = await verityImage(imageOf(data), options, new MemoryStore().context());
      expect(made.rootHash).toBe(want.rootHash);
      expect(Buffer.compare(await bytesOf(made.hashTree), want.file)).toBe(0);
    },
  );

  test('counts what is not data as zeros, and does not read it', async () => {
    const { data, extents } = sparse();
    const want = veritysetup(data);
    const made = await verityImage(imageOf(data, { extents }), OPTIONS, new MemoryStore().context());
    expect(made.rootHash).toBe(want.rootHash);
    expect(Buffer.compare(await bytesOf(made.hashTree), want.file)).toBe(0);
  });
});
