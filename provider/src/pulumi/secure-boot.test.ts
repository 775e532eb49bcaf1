import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ProgressEvent } from '../model/progress.js';
import { newKeys } from '../pipeline.js';
import { settingsFrom } from '../settings.js';
import { image } from './image.js';
import { imageFile } from './image-file.js';
import { signingFailures } from './secure-boot.js';
import type { Properties } from './state.js';
import { UNKNOWN } from './unknown.js';

let folder: string;
let events: ProgressEvent[];
const operation = () => ({
  urn: 'urn:pulumi:s::p::t::web',
  directory: folder,
  settings: settingsFrom(process.env),
  signal: new AbortController().signal,
  progress: (event: ProgressEvent) => void events.push(event),
  now: () => new Date('2026-11-23T00:00:00Z'),
});
const keys = { certificate: 'keys/db.pem', key: 'keys/db.key' };

beforeAll(async () => {
  events = [];
  folder = await mkdtemp(join(tmpdir(), 'ingot-signing-'));
  vi.stubEnv('INGOT_CACHE', join(folder, 'cache'));
  vi.stubEnv('INGOT_OFFLINE', 'true');
  const { progress } = operation();
  await newKeys(join(folder, 'keys'), { name: 'test' }, { now: () => new Date('2026-01-01T00:00:00Z'), progress });
  await newKeys(join(folder, 'old'), { name: 'old' }, { now: () => new Date('2000-01-01T00:00:00Z'), progress });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  await writeFile(join(folder, 'keys/ec.key'), ec.export({ type: 'pkcs8', format: 'pem' }));
  await mkdir(join(folder, 'root'));
  await writeFile(join(folder, 'web.yml'), 'init: ["dir:root"]\n');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('signingFailures()', () => {
  test.each([
    [
      { certificate: 'none.pem', key: 'keys/db.key' },
      /^Cannot read the certificate \S+none\.pem: there is no such file/,
    ],
    [{ certificate: 'keys/db.pem', key: 'none.key' }, /^Cannot read the key \S+none\.key: there is no such file; name/],
    [{ certificate: 'none.pem', command: 'sign' }, /^Cannot read the certificate \S+none\.pem/],
    [{ certificate: 'keys/db.pem', key: 'keys' }, /^Cannot read the key \S+: it is a folder/],
    [{ certificate: 'keys/db.pem', key: 'keys/KEK.key' }, /it is not the key of the certificate \S+db\.pem/],
    [{ certificate: 'keys/db.pem', key: 'keys/ec.key' }, /it is not the key of the certificate/],
    [{ certificate: 'web.yml', key: 'keys/db.key' }, /^Cannot read the certificate \S+web\.yml/],
  ])('says what is wrong with %j, and nothing of a key', async (secureBoot, message) => {
    const failures = await signingFailures(secureBoot, operation());
    expect(failures).toEqual([{ property: '', reason: expect.stringMatching(message) }]);
    const [, line = 'none'] = (await readFile(join(folder, 'keys/db.key'), 'utf8')).split('\n');
    expect(JSON.stringify([failures, events])).not.toContain(line);
  });

  test('takes what can sign, and runs no command', async () => {
    expect(await signingFailures(keys, operation())).toEqual([]);
    const command = `touch '${join(folder, 'ran')}'`;
    expect(await signingFailures({ certificate: 'keys/db.pem', command }, operation())).toEqual([]);
    await expect(readFile(join(folder, 'ran'))).rejects.toThrow('ENOENT');
    expect(await signingFailures(undefined, operation())).toEqual([]);
  });

  test('warns of a certificate that has expired, which firmware goes on to take', async () => {
    events = [];
    expect(await signingFailures({ certificate: 'old/db.pem', key: 'old/db.key' }, operation())).toEqual([]);
    expect(events).toEqual([
      { step: 'reading keys', warning: expect.stringMatching(/old\/db\.pem has expired \(Jan/) },
    ]);
  });
});

describe('check()', () => {
  const away = async (work: () => Promise<void>) => {
    await rename(join(folder, 'keys'), join(folder, 'away'));
    await work().finally(() => rename(join(folder, 'away'), join(folder, 'keys')));
  };
  const MISSING = [{ property: '', reason: expect.stringMatching(/^Cannot read the certificate/) }];

  test('of an Image needs the keys where something changes, and not where nothing does', async () => {
    const news = { spec: join(folder, 'web.yml'), secureBoot: keys, __secret: false };
    const check = async (olds: Properties, more: Properties = {}) =>
      image.check(olds, { ...news, ...more }, operation());
    const { inputs, failures } = await check({});
    expect(failures).toBeUndefined();
    expect(JSON.stringify(inputs)).not.toContain('PRIVATE KEY');
    await away(async () => {
      expect((await check({})).failures).toEqual(MISSING);
      expect((await check(inputs)).failures).toBeUndefined();
      expect((await check(inputs, { sbom: 'spdx' })).failures).toEqual(MISSING);
      // Whoever publishes it signs.
      expect((await check({}, { predictBoot: false })).failures).toBeUndefined();
      // What is not known yet will change.
      expect((await check(inputs, { spec: { hostname: UNKNOWN } })).failures).toEqual(MISSING);
      expect((await check({}, { spec: UNKNOWN, secureBoot: { certificate: UNKNOWN } })).failures).toEqual([]);
    });
  });

  test('of an ImageFile needs the keys where another file is made', async () => {
    const news = { imageDigest: `sha256:${'0'.repeat(64)}`, directory: 'pool', secureBoot: keys };
    const check = async (olds: Properties, more: Properties = {}) =>
      imageFile.check(olds, { ...news, ...more }, operation());
    const { inputs, failures } = await check({});
    expect(failures).toEqual([]);
    await away(async () => {
      expect((await check({})).failures).toEqual(MISSING);
      expect((await check(inputs)).failures).toEqual([]);
      expect((await check(inputs, { keep: 3 })).failures).toEqual([]);
      expect((await check(inputs, { imageDigest: `sha256:${'1'.repeat(64)}` })).failures).toEqual(MISSING);
      expect((await check(inputs, { imageDigest: UNKNOWN })).failures).toEqual(MISSING);
    });
  });
});
