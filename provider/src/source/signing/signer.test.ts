import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSigningCommand } from './command.js';
import { newKeys } from './new-keys.js';
import { signer } from './signer.js';
import { writeKeys } from './write-keys.js';

const { signal } = new AbortController();
const DATA = Buffer.from('what is signed');

describe('signer()', () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-signer-'));
    await writeKeys(folder, await newKeys({ name: 'test', now: new Date('2026-11-22T00:00:00Z') }));
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    writeFileSync(path('ec.key'), key.export({ type: 'pkcs8', format: 'pem' }));
    const own = readFileSync(path('db.key'), 'utf8');
    const { createPrivateKey } = await import('node:crypto');
    const db = createPrivateKey(own);
    writeFileSync(
      path('locked.key'),
      db.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }),
    );
    writeFileSync(path('key.der'), db.export({ type: 'pkcs8', format: 'der' }));
    writeFileSync(path('chain.pem'), readFileSync(path('db.pem'), 'utf8') + readFileSync(path('KEK.pem'), 'utf8'));
    writeFileSync(path('none'), 'hello');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['db.pem', 'db.key'],
    ['db.der', 'db.key'],
    ['db.pem', 'key.der'],
  ])('signs by the certificate %s with the key %s', async (certificate, key) => {
    const by = await signer({ certificate: path(certificate), with: { key: path(key) }, signal });
    const [first] = by.certificates;
    expect(Buffer.from(first as Uint8Array).equals(readFileSync(path('db.der')))).toBe(true);
    const { publicKey } = new X509Certificate(first as Uint8Array);
    expect(verify('sha256', DATA, publicKey, await by.sign(DATA))).toBe(true);
  });

  test('takes the certificates that follow in the file', async () => {
    const by = await signer({ certificate: path('chain.pem'), with: { key: path('db.key') }, signal });
    expect(by.certificates.map((raw) => new X509Certificate(raw).subject)).toEqual(['CN=test db', 'CN=test KEK']);
  });

  test('gives a command the SHA-256, and takes what it writes', async () => {
    const command = `cat > '${path('digest')}'; printf signature`;
    const by = await signer({ certificate: path('db.pem'), with: { command }, signal });
    expect((await by.sign(DATA)).toString()).toBe('signature');
    const { createHash } = await import('node:crypto');
    expect(readFileSync(path('digest')).equals(createHash('sha256').update(DATA).digest())).toBe(true);
  });

  test.each([
    ['a certificate that is not there', 'missing', 'db.key', 'unreadable'],
    ['a certificate that is none', 'none', 'db.key', 'malformed'],
    ['a key that is not there', 'db.pem', 'missing', 'unreadable'],
    ['a key that is none', 'db.pem', 'none', 'malformed'],
    ['a key with a passphrase', 'db.pem', 'locked.key', 'unsupported'],
    ['the key of another certificate', 'db.pem', 'PK.key', 'changed'],
    ['a key of another kind', 'db.pem', 'ec.key', 'changed'],
    ['a key in place of the certificate', 'db.key', 'db.key', 'malformed'],
  ])('refuses %s', async (_, certificate, key, code) => {
    const made = signer({ certificate: path(certificate), with: { key: path(key) }, signal });
    await expect(made).rejects.toMatchObject({ code, message: expect.stringMatching(/^Cannot /) });
    const error = await made.catch((reason: Error) => reason.message);
    expect(error).not.toContain(readFileSync(path('db.key'), 'utf8').split('\n')[1]);
  });
});

describe('runSigningCommand()', () => {
  const digest = new Uint8Array(32);

  test.each([
    ['fails', 'echo no such key >&2; exit 3', 'exit code 3: no such key'],
    ['writes nothing', 'true', 'wrote nothing'],
    ['is none', '/no/such/program', 'exit code 127'],
    ['writes without end', 'cat /dev/zero', 'more than 65536 bytes'],
  ])('refuses a command that %s', async (_, command, message) => {
    await expect(runSigningCommand(command, { digest, signal })).rejects.toMatchObject({
      code: 'bad-answer',
      message: expect.stringContaining(message),
    });
  });

  test('ends a command that does not end, and all that it has started', async () => {
    const command = 'sleep 300 & sleep 300';
    await expect(runSigningCommand(command, { digest, signal, timeoutMs: 200 })).rejects.toMatchObject({
      code: 'timeout',
    });
    const controller = new AbortController();
    const running = runSigningCommand(command, { digest, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  test('does not show the command, which may hold a password', async () => {
    const failed = await runSigningCommand('PIN=1234 false', { digest, signal }).catch((error: Error) => error.message);
    expect(failed).not.toContain('1234');
  });
});
