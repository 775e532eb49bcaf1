import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { bufferOf, noise } from '../../provider/src/encode/block-image.fixture.js';
import { bytesImage } from '../../provider/src/encode/content-blocks.js';
import { MemoryStore } from '../../provider/src/encode/tree.fixture.js';
import { encodeUki, type UkiOptions } from '../../provider/src/encode/uki-image.js';
import { signer } from '../../provider/src/source/signing/signer.js';
import { missingPrograms, skipBecause } from '../skip.js';
import { debianFiles } from './debian-files.js';

const { signal } = new AbortController();
/** The distribution's own, which has the distribution's modules. */
const PYTHON = '/usr/bin/python3';
const STUB = 'usr/lib/systemd/boot/efi/linuxx64.efi.stub';
const OS_RELEASE = 'ID=ingot\nNAME="Ingot"\nVERSION_ID=1\n';

describe('encodeUki()', () => {
  let folder: string;
  let reason: string | undefined;
  let stub: Buffer;
  let kernel: Buffer;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-uki-'));
    try {
      const files = await debianFiles(['systemd-boot-efi', 'systemd-ukify', 'linux-image-cloud-amd64'], {
        follow: /^linux-image-/,
        wanted: /linuxx64\.efi\.stub$|^usr\/bin\/ukify$|^boot\/vmlinuz-/,
      });
      stub = files.get(STUB) as Buffer;
      kernel = files.get([...files.keys()][0] as string) as Buffer;
      for (const [name, bytes] of [
        ['stub', stub],
        ['kernel', kernel],
        ['ukify', files.get('usr/bin/ukify') as Buffer],
        ['osrel', OS_RELEASE],
      ] as const) {
        writeFileSync(join(folder, name), bytes);
      }
    } catch (error) {
      reason = `no packages of Debian 13: ${(error as Error).message.slice(0, 200)}`;
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach((context) => {
    if (reason !== undefined) skipBecause(context, reason);
  });

  const given = (rest: Partial<UkiOptions> = {}): UkiOptions => ({
    stub: bytesImage(stub),
    kernel: bytesImage(kernel),
    initrds: [bytesImage(noise(1_000_001, 7))],
    commandLine: 'console=ttyS0 quiet',
    ...rest,
  });
  const encode = (options: UkiOptions) => encodeUki(options, new MemoryStore().context());

  function ukify(name: string, args: readonly string[]): Buffer {
    const output = join(folder, name);
    execFileSync(PYTHON, [join(folder, 'ukify'), 'build', `--stub=${folder}/stub`, ...args, `--output=${output}`], {
      stdio: 'pipe',
    });
    return readFileSync(output);
  }

  function skipWithoutPefile(context: TestContext): void {
    if (spawnSync(PYTHON, ['-c', 'import pefile']).status !== 0) skipBecause(context, `no pefile for ${PYTHON}`);
  }

  describe('beside ukify', () => {
    beforeEach(skipWithoutPefile);

    test('makes the same bytes', async () => {
      const initrd = noise(1_000_001, 7);
      writeFileSync(join(folder, 'initrd'), initrd);
      const want = ukify('plain.efi', [
        ...[`--linux=${folder}/kernel`, `--initrd=${folder}/initrd`, '--cmdline=console=ttyS0 quiet'],
        ...[`--os-release=@${folder}/osrel`, '--uname=6.12.0-test'],
      ]);
      const { image } = await encode(given({ osRelease: OS_RELEASE, uname: '6.12.0-test' }));
      expect(image.sizeBytes).toBe(want.length);
      expect(Buffer.compare(await bufferOf(image), want)).toBe(0);
    });

    test('makes the same bytes with several initrds, microcode, and SBAT of one’s own', async () => {
      const initrds = [noise(100_001, 1), noise(4096, 2), noise(30_003, 3)];
      initrds.forEach((initrd, index) => {
        writeFileSync(join(folder, `initrd-${index}`), initrd);
      });
      writeFileSync(join(folder, 'ucode'), noise(20_000, 4));
      const sbat = 'sbat,1,SBAT Version,sbat,1,https://example.org\ningot,1,Ingot,ingot,1,https://example.org\n';
      writeFileSync(join(folder, 'sbat'), sbat);
      const want = ukify('more.efi', [
        ...[`--linux=${folder}/kernel`, '--cmdline=a=b', `--os-release=@${folder}/osrel`, '--uname=6'],
        ...initrds.map((_, index) => `--initrd=${folder}/initrd-${index}`),
        ...[`--microcode=${folder}/ucode`, `--sbat=@${folder}/sbat`],
      ]);
      const options = { microcode: bytesImage(noise(20_000, 4)), commandLine: 'a=b', sbat, uname: '6' };
      const { image } = await encode(given({ ...options, initrds: initrds.map(bytesImage), osRelease: OS_RELEASE }));
      expect(Buffer.compare(await bufferOf(image), want)).toBe(0);
    });
  });

  test('makes the same bytes as ukify for arm64', async (context) => {
    skipWithoutPefile(context);
    const files = await debianFiles(['systemd-boot-efi', 'linux-image-cloud-arm64'], {
      ...{ architecture: 'arm64', follow: /^linux-image-/, wanted: /linuxaa64\.efi\.stub$|^boot\/vmlinuz-/ },
    });
    const [armKernel, armStub] = [...files.values()] as [Buffer, Buffer];
    for (const [name, bytes] of [
      ['arm-kernel', armKernel],
      ['arm-stub', armStub],
      ['arm-initrd', noise(5000, 5)],
    ] as const) {
      writeFileSync(join(folder, name), bytes);
    }
    const want = ukify('arm.efi', [
      ...[`--linux=${folder}/arm-kernel`, `--initrd=${folder}/arm-initrd`, '--cmdline=a', '--uname=6'],
      ...[`--stub=${folder}/arm-stub`, `--os-release=@${folder}/osrel`],
    ]);
    const { image } = await encode(
      given({
        ...{ stub: bytesImage(armStub), kernel: bytesImage(armKernel), initrds: [bytesImage(noise(5000, 5))] },
        ...{ commandLine: 'a', uname: '6', osRelease: OS_RELEASE },
      }),
    );
    expect(Buffer.compare(await bufferOf(image), want)).toBe(0);
  });

  describe('signed', () => {
    let signed: string;
    beforeAll(async () => {
      if (reason !== undefined) return;
      execFileSync(
        'openssl',
        [
          ...[
            'req',
            '-new',
            '-x509',
            '-newkey',
            'rsa:2048',
            '-nodes',
            '-sha256',
            '-days',
            '10',
            '-subj',
            '/CN=test db/',
          ],
          ...['-keyout', join(folder, 'db.key'), '-out', join(folder, 'db.pem')],
        ],
        { stdio: 'pipe' },
      );
      const by = await signer({ certificate: join(folder, 'db.pem'), with: { key: join(folder, 'db.key') }, signal });
      signed = join(folder, 'signed.efi');
      writeFileSync(signed, await bufferOf((await encode(given({ signer: by }))).image));
    });

    const verify = (program: string, args: readonly string[]): number | null =>
      spawnSync(program, [...args], { stdio: 'pipe' }).status;
    const sbverify = (file: string) => verify('sbverify', ['--cert', join(folder, 'db.pem'), file]);

    test('is accepted by sbverify, and refused when one bit is wrong', (context) => {
      const missing = missingPrograms('sbverify');
      if (missing !== undefined) skipBecause(context, missing);
      expect(sbverify(signed)).toBe(0);
      const bytes = readFileSync(signed);
      const wrong = join(folder, 'wrong.efi');
      for (const at of [0x50, stub.length + 1000, bytes.length - 20_000]) {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] as number) ^ 1;
        writeFileSync(wrong, copy);
        expect([at, sbverify(wrong)]).toEqual([at, 1]);
      }
    });

    test('is accepted by osslsigncode', (context) => {
      const missing = missingPrograms('osslsigncode');
      if (missing !== undefined) skipBecause(context, missing);
      expect(verify('osslsigncode', ['verify', '-CAfile', join(folder, 'db.pem'), '-in', signed])).toBe(0);
    });

    test('has the same bytes each time, by a file with the key or by a command that signs', async () => {
      const command = `openssl pkeyutl -sign -inkey '${join(folder, 'db.key')}' -pkeyopt digest:sha256`;
      const by = await signer({ certificate: join(folder, 'db.pem'), with: { command }, signal });
      const { image } = await encode(given({ signer: by }));
      expect(Buffer.compare(await bufferOf(image), readFileSync(signed))).toBe(0);
    });
  });
});
