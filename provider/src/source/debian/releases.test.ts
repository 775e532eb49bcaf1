import { config, createMessage, enums, PacketList, readCleartextMessage, SignaturePacket } from 'openpgp';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadKeyring } from './keyring.js';
import { DEBIAN_ARCHIVE_KEYS } from './keyring-debian.js';
import { readSigned } from './release-signature.js';
import { currentReleases } from './releases.js';
import { makeKey, NOBODY, NOW, SIGNED, signed, TestArchive, type TestKey } from './resolve.fixture.js';

let key: TestKey;
let stranger: TestKey;
beforeAll(async () => {
  [key, stranger] = await Promise.all([makeKey(), makeKey()]);
});

describe('readSigned()', () => {
  const TEXT = 'Origin: Debian\nSuite: stable\n- dashed\n';

  async function read(input: string, options: { keys?: TestKey[]; now?: Date } = {}): Promise<string> {
    const keys = await loadKeyring((options.keys ?? [key]).map(({ trusted }) => trusted));
    return readSigned(input, { keys, now: options.now ?? NOW, of: 'a release' });
  }

  test('returns the signed text, for a signature by a trusted key', async () => {
    expect(await read(await signed(TEXT, { by: [key] }))).toBe(TEXT);
    expect(await read((await signed(TEXT, { by: [key] })).replaceAll('\n', '\r\n').replaceAll('\r\r', '\r'))).toBe(
      TEXT,
    );
  });

  test('passes over signatures by other keys', async () => {
    expect(await read(await signed(TEXT, { by: [stranger, key] }))).toBe(TEXT);
  });

  test.each<[string, (good: string) => string | Promise<string>, RegExp]>([
    ['is altered', (good) => good.replace('stable', 'staple'), /Signed digest did not match/],
    ['has a line more', (good) => good.replace('Suite', 'X: y\nSuite'), /Signed digest did not match/],
    [
      'has an altered signature',
      (good) => good.replace(/^(.{10})(.)/m, '$1A').replace(/\n(.{20})\n=/, '\nAAAA$1\n='),
      /Cannot trust a release/,
    ],
    ['is by another key', () => signed(TEXT, { by: [stranger] }), /a key that is not trusted/],
    ['stands after unsigned text', (good) => `Origin: Debian\n${good}`, /it is not a signed text/],
    ['stands before unsigned text', (good) => `${good}\nOrigin: Debian\n`, /something follows its signature/],
    ['stands beside another one', (good) => good + good, /not one signed text with its signature/],
    ['is cut off', (good) => good.slice(0, good.length / 2), /not one signed text with its signature/],
    [
      'is no signed text',
      () => '<html><body>Please log in',
      /it is not a signed text \(it begins with "<html><body>Please log in"\)/,
    ],
    ['is empty', () => '', /it is not a signed text/],
    [
      'is signed in the future',
      () => signed(TEXT, { by: [key], date: new Date(NOW.getTime() + 60_000) }),
      /in the future/,
    ],
  ])('refuses a text that %s', async (_name, spoil, message) => {
    const input = await spoil(await signed(TEXT, { by: [key] }));
    await expect(read(input)).rejects.toMatchObject({ code: 'bad-signature', message: expect.stringMatching(message) });
  });

  test('refuses a key that has expired, also for what it signed before', async () => {
    const shortLived = await makeKey({ expiresAfterSeconds: 200 * 86_400 });
    const input = await signed(TEXT, { by: [shortLived] });
    expect(await read(input, { keys: [shortLived] })).toBe(TEXT);
    const later = read(input, { keys: [shortLived], now: new Date('2027-01-01T00:00:00Z') });
    await expect(later).rejects.toThrow(/expired/);
  });

  test('refuses a signature over SHA-1', async () => {
    const rsa = await makeKey({ rsa: true });
    const message = await readCleartextMessage({ cleartextMessage: await signed(TEXT, { by: [rsa] }) });
    const { packets } = await createMessage({ text: TEXT.replaceAll('\n', '\r\n') });
    const packet = Object.assign(new SignaturePacket(), {
      signatureType: enums.signature.text,
      publicKeyAlgorithm: rsa.privateKey.keyPacket.algorithm,
      hashAlgorithm: enums.hash.sha1,
    });
    // The salt that makes signatures differ is as long as a hash that SHA-1 is too short for.
    const plain = { ...config, nonDeterministicSignaturesViaNotation: false };
    // What the type declarations leave out: sign(key, data, date, detached, config).
    type Sign = (key: unknown, data: unknown, date: Date, detached: boolean, c: unknown) => Promise<void>;
    await (packet as unknown as { sign: Sign }).sign(rsa.privateKey.keyPacket, packets[0], SIGNED, true, plain);
    const list = new PacketList<SignaturePacket>();
    list.push(packet);
    (message as unknown as { signature: { packets: unknown } }).signature.packets = list;
    await expect(read(message.armor(), { keys: [rsa] })).rejects.toThrow(/Insecure (message )?hash algorithm: SHA1/);
  });
});

describe('loadKeyring()', () => {
  test('loads the keys of Debian, which have the fingerprints that they are trusted by', async () => {
    const keys = await loadKeyring(DEBIAN_ARCHIVE_KEYS);
    for (const [index, { name }] of DEBIAN_ARCHIVE_KEYS.entries()) {
      expect(keys[index]?.getUserIDs()[0]).toContain(name);
      // Each can sign: the bindings of its subkeys are there and valid.
      await keys[index]?.getSigningKey(undefined, NOW);
    }
    expect(new Set(DEBIAN_ARCHIVE_KEYS.map(({ fingerprint }) => fingerprint)).size).toBe(6);
  });

  test('refuses a key that is not the one it is called', async () => {
    const loading = loadKeyring([{ ...key.trusted, fingerprint: stranger.trusted.fingerprint }]);
    await expect(loading).rejects.toMatchObject({
      code: 'bad-signature',
      message: expect.stringMatching(/its fingerprint is/),
    });
    await expect(loadKeyring([{ ...key.trusted, base64: 'AAAA' }])).rejects.toThrow(/is damaged/);
  });
});

describe('currentReleases()', () => {
  let archive: TestArchive;
  const IN_RELEASE = 'debian/dists/trixie/InRelease';
  beforeEach(async () => {
    archive = await TestArchive.start(key);
    await archive.publishAll({});
  });
  afterEach(() => archive[Symbol.asyncDispose]());

  function look(changes: Partial<Parameters<typeof currentReleases>[0]> = {}): ReturnType<typeof currentReleases> {
    const { patience, ...options } = archive.options;
    return currentReleases({ ...options, patience: patience.request, ...changes });
  }
  const later = (hours: number): Date => new Date(NOW.getTime() + hours * 3_600_000);

  test('returns the release, its updates and its security updates, in this order', async () => {
    const found = await look();
    expect(found.map(({ archive, suite }) => [archive, suite])).toEqual([
      ['main', 'trixie'],
      ['main', 'trixie-updates'],
      ['security', 'trixie-security'],
    ]);
    expect(found[0]?.release).toMatchObject({
      codename: 'trixie',
      acquireByHash: true,
      dateSeconds: SIGNED.getTime() / 1000,
    });
    expect(Object.keys(found[0]?.release.files ?? {})).toEqual([
      'main/binary-amd64/Packages',
      'main/binary-amd64/Packages.gz',
    ]);
  });

  test('reads a mirror on this host', async () => {
    expect(await look({ mirrors: await archive.writeOut() })).toHaveLength(3);
    expect(archive.requests).toEqual([]);
  });

  test('asks for nothing but the suite itself, for unstable', async () => {
    await archive.publish('sid', []);
    expect((await look({ suite: 'sid' })).map(({ suite }) => suite)).toEqual(['sid']);
  });

  test('asks the mirrors again only once the last look is old enough', async () => {
    await look();
    await look({ now: later(0.9) });
    expect(archive.requests).toHaveLength(3);
    await look({ now: later(1.1) });
    expect(archive.requests).toHaveLength(6);
    await look({ now: later(1.2), maxAgeSeconds: 60 });
    expect(archive.requests).toHaveLength(9);
    // A clock that went back says nothing about age.
    await look({ now: NOW });
    expect(archive.requests).toHaveLength(12);
  });

  test('takes "not modified" for an answer, and looks at it as fresh', async () => {
    const text = archive.files.get(IN_RELEASE) as Buffer;
    const asked: unknown[] = [];
    archive.files.set(IN_RELEASE, (response, headers) => {
      asked.push([headers['if-none-match'], headers['if-modified-since']]);
      if (headers['if-none-match'] === '"one"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"one"', 'last-modified': 'Sun, 31 May 2026 12:00:00 GMT' }).end(text);
    });
    const first = await look();
    expect(await look({ now: later(2) })).toEqual(first);
    await look({ now: later(2.5) });
    expect(asked).toEqual([
      [undefined, undefined],
      ['"one"', 'Sun, 31 May 2026 12:00:00 GMT'],
    ]);
  });

  test('asks again, without what it remembers, where other keys are trusted now', async () => {
    await look();
    await expect(look({ keys: [stranger.trusted] })).rejects.toMatchObject({ code: 'bad-signature' });
    await expect(look({ keys: [stranger.trusted], offline: true })).rejects.toMatchObject({ code: 'unreachable' });
  });

  test.each<[string, Record<string, string | undefined>, string, RegExp]>([
    ['another distribution', { Origin: 'Ubuntu' }, 'wrong-archive', /its Origin is "Ubuntu"; wanted "Debian"/],
    [
      'another archive',
      { Label: 'Debian-Security' },
      'wrong-archive',
      /its Label is "Debian-Security"; wanted "Debian"/,
    ],
    ['another suite', { Codename: 'bookworm' }, 'wrong-archive', /its Codename is "bookworm"; wanted "trixie"/],
    ['no suite', { Codename: undefined }, 'malformed', /it has no field codename/],
    ['no date', { Date: 'yesterday' }, 'malformed', /"yesterday" is not a date/],
    [
      'no checksums',
      { SHA256: '\n abc 1 main/binary-amd64/Packages' },
      'malformed',
      /is not a checksum, a size and a path/,
    ],
    [
      'the past',
      { 'Valid-Until': 'Mon, 01 Jun 2026 11:59:59 UTC' },
      'expired',
      /valid until 2026-06-01T11:59:59Z.*INGOT_DEBIAN_CHECK_VALID_UNTIL=false/,
    ],
  ])('refuses a release of %s', async (_name, fields, code, message) => {
    await archive.publish('trixie', [], { fields });
    await expect(look()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('does not look at Valid-Until, where that is switched off', async () => {
    await archive.publish('trixie', [], { fields: { 'Valid-Until': 'Mon, 01 Jun 2026 11:59:59 UTC' } });
    expect(await look({ mirrors: { ...archive.mirrors, checkValidUntil: false } })).toHaveLength(3);
  });

  test('looks at Valid-Until of what has not been modified', async () => {
    await archive.publish('trixie', [], { fields: { 'Valid-Until': 'Tue, 02 Jun 2026 00:00:00 UTC' } });
    const text = archive.files.get(IN_RELEASE) as Buffer;
    archive.files.set(IN_RELEASE, (response, headers) =>
      headers['if-none-match'] ? response.writeHead(304).end() : response.writeHead(200, { etag: '"1"' }).end(text),
    );
    await look();
    await expect(look({ now: later(13) })).rejects.toMatchObject({ code: 'expired' });
  });

  test('refuses a release older than the last one, unless from another mirror', async () => {
    await look();
    await archive.publish('trixie', [], { date: new Date('2026-05-30T12:00:00Z') });
    await expect(look({ now: later(2) })).rejects.toMatchObject({
      code: 'rolled-back',
      message: expect.stringMatching(
        /it is of 2026-05-30T12:00:00Z, but this mirror has already given one of 2026-05-31T12:00:00Z/,
      ),
    });
    for (const [path, file] of [...archive.files]) archive.files.set(`elsewhere/${path}`, file);
    const elsewhere = { ...archive.mirrors, main: `${archive.address}/elsewhere/debian` };
    expect(await look({ now: later(2), mirrors: elsewhere })).toHaveLength(3);
    // What was refused is not remembered.
    await archive.publish('trixie', []);
    expect(await look({ now: later(2) })).toHaveLength(3);
  });

  test('says how old the cache is when the network is down, and uses it only when told so', async () => {
    await expect(look({ offline: true })).rejects.toThrow(
      /its release is not in the cache, and Ingot is set to work offline/,
    );
    const found = await look();
    archive.breakOff();
    const looking = look({ now: later(5) });
    await expect(looking).rejects.toMatchObject({ code: 'unreachable' });
    await expect(looking).rejects.toThrow(
      /what was seen 5 hours ago is in the cache, and is used with `offline: true` \(INGOT_OFFLINE=true\)/,
    );
    expect(await look({ now: later(5000), offline: true })).toEqual(found);
  });

  test('names the address and what to set, where nobody listens', async () => {
    const mirrors = { main: `${NOBODY}/debian`, security: `${NOBODY}/debian-security` };
    await expect(look({ mirrors })).rejects.toThrow(
      /Cannot fetch http:\/\/127\.0\.0\.1:\d+\/debian.*INGOT_DEBIAN_MIRROR/,
    );
  });

  test('says that a mirror does not have the suite', async () => {
    await expect(look({ suite: 'noble' })).rejects.toMatchObject({
      code: 'unknown-suite',
      message: expect.stringMatching(/there is no http.*\/dists\/noble(-\w+)?\/InRelease; check debian\.suite/),
    });
    await expect(look({ suite: '../etc' })).rejects.toMatchObject({ code: 'unknown-suite' });
  });

  test('follows redirects', async () => {
    archive.files.set('moved/InRelease', archive.files.get(IN_RELEASE) as Buffer);
    archive.files.set(IN_RELEASE, (response) => response.writeHead(302, { location: '/moved/InRelease' }).end());
    expect(await look()).toHaveLength(3);
  });

  test('tries again after a failure that passes', async () => {
    const text = archive.files.get(IN_RELEASE) as Buffer;
    let count = 0;
    archive.files.set(IN_RELEASE, (response) => {
      count += 1;
      if (count === 1) response.writeHead(503).end();
      else response.writeHead(200).end(text);
    });
    expect(await look()).toHaveLength(3);
  });

  test.each<[string, (archive: TestArchive) => void, string]>([
    ['never answers', ({ files }) => files.set(IN_RELEASE, () => {}), 'timeout'],
    [
      'never ends',
      ({ files }) => files.set(IN_RELEASE, (response) => response.writeHead(200).write('-----BEGIN')),
      'timeout',
    ],
    [
      'breaks off',
      ({ files }) =>
        files.set(IN_RELEASE, (response) =>
          response.writeHead(200, { 'content-length': 99 }).write('a', () => response.destroy()),
        ),
      'unreachable',
    ],
    ['sends too much', ({ files }) => files.set(IN_RELEASE, Buffer.alloc(9 << 20, 'a')), 'too-large'],
    ['lets nobody in', ({ files }) => files.set(IN_RELEASE, (response) => response.writeHead(403).end()), 'forbidden'],
    [
      'redirects in a circle',
      ({ files }) => files.set(IN_RELEASE, (response) => response.writeHead(302, { location: `/${IN_RELEASE}` }).end()),
      'unreachable',
    ],
  ])('gives up on a server that %s', async (_name, spoil, code) => {
    spoil(archive);
    // The limit is for servers that are silent alone: on a busy machine others would meet it, too.
    const limitMs = code === 'timeout' ? 300 : 200_000;
    const patience = { attempts: 2, firstDelayMs: 1, silenceMs: limitMs, timeoutMs: limitMs };
    await expect(look({ patience })).rejects.toMatchObject({ code });
  });

  test('waits longer for the end of an answer than for its beginning', async () => {
    // On a busy machine the beginning may be late, too: some attempts are to spare.
    const patience = { attempts: 10, firstDelayMs: 1, silenceMs: 1000, timeoutMs: 200_000 };
    const text = archive.files.get(IN_RELEASE) as Buffer;
    archive.files.set(IN_RELEASE, (response) => {
      response.writeHead(200).write(text.subarray(0, 99));
      setTimeout(() => response.end(text.subarray(99)), 1300);
    });
    expect(await look({ patience })).toHaveLength(3);
    archive.files.set(IN_RELEASE, () => {});
    const later = new Date(NOW.getTime() + 7_200_000);
    const once = { ...patience, attempts: 1 };
    await expect(look({ patience: once, now: later })).rejects.toThrow('the server sent nothing for 1 s');
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    archive.files.set(IN_RELEASE, () => controller.abort(new Error('enough')));
    await expect(look({ signal: controller.signal })).rejects.toThrow('enough');
  });

  test('never shows or stores what is secret in an address', async () => {
    const main = archive.mirrors.main.replace('//', '//me:s3cret@');
    archive.files.set(IN_RELEASE, (response, headers) => {
      const right = headers.authorization === `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
      response.writeHead(right ? 404 : 401).end();
    });
    const error: Error = await look({ mirrors: { ...archive.mirrors, main } }).then(
      () => new Error('nothing was thrown'),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code: 'unknown-suite' });
    expect(JSON.stringify([error, error.message])).not.toContain('s3cret');
  });
});
