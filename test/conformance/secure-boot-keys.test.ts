import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readSignatureLists } from '../../provider/src/format/efi-signature-list.js';
import { newKeys } from '../../provider/src/source/signing/new-keys.js';
import { writeKeys } from '../../provider/src/source/signing/write-keys.js';
import { missingPrograms, skipBecause } from '../skip.js';

const NOW = new Date('2026-11-22T10:20:30Z');
const NAMES = ['PK', 'KEK', 'db'] as const;
/** Who may change each. */
const CHANGED_BY = { PK: 'PK', KEK: 'PK', db: 'KEK' } as const;

describe('newKeys()', () => {
  let folder: string;
  let keys: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-keys-'));
    keys = join(folder, 'fleet', 'keys');
    await writeKeys(keys, await newKeys({ name: 'test', now: NOW }));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const path = (name: string): string => join(keys, name);
  const run = (program: string, args: readonly string[]): string =>
    execFileSync(program, [...args], { encoding: 'utf8', stdio: 'pipe', cwd: folder });
  const needs = (...programs: string[]): void =>
    beforeEach((context) => {
      const missing = missingPrograms(...programs);
      if (missing !== undefined) skipBecause(context, missing);
    });

  test('lets only their owner read private keys, and never overwrites', async () => {
    const modes = Object.fromEntries(readdirSync(keys).map((name) => [name, statSync(path(name)).mode & 0o777]));
    expect(modes).toMatchObject({ 'PK.key': 0o600, 'KEK.key': 0o600, 'db.key': 0o600, 'db.pem': 0o644 });
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    const before = readFileSync(path('db.key'));
    rmSync(path('PK.key'));
    await expect(writeKeys(keys, await newKeys({ name: 'test', now: NOW }))).rejects.toThrow('never overwritten');
    expect(readFileSync(path('db.key')).equals(before)).toBe(true);
    expect(readdirSync(keys)).not.toContain('PK.key');
    // The tests that follow need it.
    rmSync(keys, { recursive: true });
    await writeKeys(keys, await newKeys({ name: 'test', now: NOW }));
  });

  describe('to openssl', () => {
    needs('openssl');

    test.each(NAMES)('%s is a certificate of its own key for ten years', (name) => {
      const text = run('openssl', ['x509', '-in', path(`${name}.pem`), '-noout', '-text', '-nameopt', 'RFC2253']);
      expect(text).toContain(`Subject: CN=test ${name}`);
      expect(text).toContain('Not Before: Nov 22 10:20:30 2026 GMT');
      expect(text).toContain('Not After : Nov 22 10:20:30 2036 GMT');
      expect(text).toContain('Public-Key: (2048 bit)');
      expect(text).toContain('CA:TRUE');
      // Valid when it was made, whatever this machine's clock says.
      const then = ['-attime', `${NOW.getTime() / 1000}`, '-CAfile', path(`${name}.pem`)];
      expect(run('openssl', ['verify', ...then, path(`${name}.pem`)])).toContain('OK');
      const modulus = (args: readonly string[]): string => run('openssl', [...args, '-noout', '-modulus']);
      expect(modulus(['rsa', '-in', path(`${name}.key`)])).toBe(modulus(['x509', '-in', path(`${name}.pem`)]));
      run('openssl', ['x509', '-in', path(`${name}.der`), '-inform', 'DER', '-noout']);
    });
  });

  describe('to efitools', () => {
    needs('sig-list-to-certs', 'cert-to-efi-sig-list', 'sign-efi-sig-list');

    test.each(NAMES)('%s.esl is a signature list of the certificate', (name) => {
      run('sig-list-to-certs', [path(`${name}.esl`), join(folder, name)]);
      expect(readFileSync(join(folder, `${name}-0.der`)).equals(readFileSync(path(`${name}.der`)))).toBe(true);
      const [list] = readSignatureLists(readFileSync(path(`${name}.esl`)));
      const owner = list?.signatures[0]?.owner as string;
      run('cert-to-efi-sig-list', ['-g', owner, path(`${name}.pem`), join(folder, 'theirs.esl')]);
      expect(readFileSync(join(folder, 'theirs.esl')).equals(readFileSync(path(`${name}.esl`)))).toBe(true);
    });

    test.each(NAMES)('%s.auth is the update that sign-efi-sig-list makes', (name) => {
      const by = CHANGED_BY[name];
      const theirs = join(folder, 'theirs.auth');
      const time = ['-t', '2026-11-22 10:20:30'];
      execFileSync(
        'sign-efi-sig-list',
        [...time, '-k', path(`${by}.key`), '-c', path(`${by}.pem`), name, path(`${name}.esl`), theirs],
        { stdio: 'pipe', env: { ...process.env, TZ: 'UTC' } },
      );
      writeFileSync(join(folder, 'ours.auth'), readFileSync(path(`${name}.auth`)));
      expect(readFileSync(theirs).toString('hex')).toBe(readFileSync(path(`${name}.auth`)).toString('hex'));
    });
  });
});
