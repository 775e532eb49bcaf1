import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAr } from '../../provider/src/format/ar.js';
import { sourceOf } from '../../provider/src/format/byte-source.js';
import { parseDeb822 } from '../../provider/src/format/deb822.js';
import { decompress } from '../../provider/src/format/decompress.js';
import { derInteger, derOctetString, derSequence, readDer, readDerMembers } from '../../provider/src/format/der.js';
import { certificateLists, readSignatureLists } from '../../provider/src/format/efi-signature-list.js';
import { readModinfo } from '../../provider/src/format/elf-modinfo.js';
import { guidOfName } from '../../provider/src/format/guid.js';
import { peOf } from '../../provider/src/format/pe.fixture.js';
import { readPe } from '../../provider/src/format/pe.js';
import { TarReader } from '../../provider/src/format/tar-reader.js';
import { IngotError } from '../../provider/src/model/error.js';
import { decodeLock } from '../../provider/src/pulumi/lock-text.js';
import { parseDependencies } from '../../provider/src/source/debian/dependency.js';
import { parseRelease } from '../../provider/src/source/debian/release.js';
import { parseSpec } from '../../provider/src/spec/parse.js';
import { budget, spend } from '../budget.js';
import { mutate, Random } from './mutate.js';

/** What a parser may make of hostile input: its result, or an error of ours. Anything else is a bug. */
type Parser = (bytes: Buffer) => unknown;

const MAX_BYTES = 1 << 20;
/** Of the processor's time: no input of these sizes may cost more. */
const MAX_CPU_MS = 5000;

/** What an archive would have of this hour, this process and this user: the same seed is to do the same. */
const STEADY = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--mode=u=rwX,go=rX'];
const STEADY_PAX = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';

describe('parsers of untrusted bytes', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-fuzz-'));
    writeFileSync(join(folder, 'file'), 'hello\n');
    writeFileSync(join(folder, 'x'.repeat(120)), Buffer.alloc(3000, 1));
    symlinkSync('file', join(folder, 'link'));
    const sparse = openSync(join(folder, 'sparse'), 'w');
    for (let at = 0; at < 6; at++) writeSync(sparse, 'data', at * 65_536);
    closeSync(sparse);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tar =
    (format: string, ...flags: string[]) =>
    (): Buffer =>
      withoutProcess(
        execFileSync('tar', [`--format=${format}`, ...flags, ...STEADY, '-cf', '-', '.'], { cwd: folder }),
      );
  const text = (value: string) => (): Buffer => Buffer.from(value);
  const packed = Buffer.from('some text that repeats, some text that repeats, '.repeat(200));

  const cases: readonly (readonly [name: string, seed: () => Buffer, parse: Parser])[] = [
    ['TarReader, GNU', tar('gnu'), readTar],
    ['TarReader, pax', tar('pax', STEADY_PAX), readTar],
    ['TarReader, GNU, sparse', tar('oldgnu', '--sparse'), readTar],
    ['TarReader, pax, sparse', tar('pax', '--sparse', STEADY_PAX), readTar],
    [
      'readAr',
      text(
        `!<arch>\n${'debian-binary'.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${'4'.padEnd(10)}\`\n2.0\n`,
      ),
      (bytes) => readAr(sourceOf(bytes)),
    ],
    ['decompress, gzip', () => gzipSync(packed), (bytes) => drain(bytes, 'gzip')],
    [
      'decompress, zstd',
      () => Buffer.concat([zstdCompressSync(packed), zstdCompressSync(packed)]),
      (bytes) => drain(bytes, 'zstd'),
    ],
    ['readPe', () => peOf(), (bytes) => readPe(bytes)],
    [
      'readSignatureLists',
      () => certificateLists([Buffer.alloc(700, 3), Buffer.alloc(20)], guidOfName('owner')),
      (bytes) => readSignatureLists(bytes),
    ],
    [
      'readDer',
      () => derSequence(derOctetString(Buffer.alloc(300)), derSequence(derInteger(5))),
      (bytes) => readDerMembers(bytes, readDer(bytes, 0)),
    ],
    [
      'parseDeb822',
      text('Package: a\nVersion: 1\nDescription: x\n y\n .\n\nPackage: b\n'),
      (bytes) => parseDeb822(bytes.toString('latin1')),
    ],
    [
      'parseDependencies',
      text('a (>= 1.0) | b:any [amd64 !arm64] <!nocheck>, c (<< 2~)'),
      (bytes) => parseDependencies(bytes.toString('latin1'), 'amd64'),
    ],
    [
      'parseRelease',
      text(
        `Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nSHA256:\n ${'a'.repeat(64)} 12 main/binary-amd64/Packages.xz\n`,
      ),
      (bytes) => parseRelease(bytes.toString('latin1'), 'trixie'),
    ],
    ['readModinfo', () => readFileSync('/proc/self/exe').subarray(0, 4096), (bytes) => readModinfo(bytes)],
    [
      'parseSpec',
      text('kernel:\n  image: deb:linux\nservices:\n  - &a { name: web, image: "deb:x", command: [y] }\n'),
      (bytes) => parseSpec([{ name: 'x.yml', text: bytes.toString('latin1') }]),
    ],
    [
      'decodeLock',
      () => deflateRawSync('{"lock":{"version":1},"sources":{}}'),
      (bytes) => decodeLock(bytes.toString('base64')),
    ],
  ];

  test.each(cases)('%s gives a result or an error of ours, soon', async (_name, seed, parse) => {
    const whole = seed();
    const long = budget(300);
    await spend(long, async (round) => {
      const bytes = mutate(whole, new Random(long.seed * 1_000_003 + round));
      const start = process.cpuUsage();
      try {
        await parse(bytes);
      } catch (error) {
        // The round and the seed are enough to see it again.
        expect(error, `seed ${long.seed}, round ${round}: ${(error as Error).stack}`).toSatisfy(isOurs);
      }
      const { user, system } = process.cpuUsage(start);
      expect((user + system) / 1000, `seed ${long.seed}, round ${round}`).toBeLessThan(MAX_CPU_MS);
    });
  });
});

/** GNU tar puts its process id into the name that a sparse file has for those who know none: `GNUSparseFile.4711`. */
function withoutProcess(archive: Buffer): Buffer {
  for (let at = 0; at < archive.length; at += 512) {
    const header = archive.subarray(at, at + 512);
    const name = header.toString('latin1', 0, 100).replace(/\0.*$/, '');
    if (!/GNUSparseFile\.\d+/.test(name)) continue;
    header.fill(0, 0, 100);
    header.write(name.replace(/(GNUSparseFile\.)\d+/, '$10'), 'latin1');
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
  return archive;
}

/** Small parsers of text say SyntaxError; their callers say what the text is of. */
function isOurs(error: unknown): boolean {
  return error instanceof IngotError || error instanceof SyntaxError;
}

function readTar(bytes: Buffer): unknown {
  const reader = new TarReader({ maxSparseBytes: MAX_BYTES });
  reader.push(bytes);
  return reader.finish();
}

async function drain(bytes: Buffer, compression: 'gzip' | 'zstd'): Promise<void> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  for await (const _chunk of decompress(chunks(), { compression, maxBytes: MAX_BYTES })) {
    // Only that it ends well counts.
  }
}
