import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bufferOf } from '../../provider/src/encode/block-image.fixture.js';
import { bytesImage } from '../../provider/src/encode/content-blocks.js';
import { encodeKernelInitrd } from '../../provider/src/encode/kernel-initrd.js';
import { file, MemoryStore, treeOf } from '../../provider/src/encode/tree.fixture.js';
import { encodeUki, type UkiOptions } from '../../provider/src/encode/uki-image.js';
import { type MeasuredUki, predictPcrs } from '../../provider/src/format/pcr.js';
import { newKeys } from '../../provider/src/source/signing/new-keys.js';
import { signer } from '../../provider/src/source/signing/signer.js';
import { writeKeys } from '../../provider/src/source/signing/write-keys.js';
import { debianFiles } from '../conformance/debian-files.js';
import { missingPrograms, skipBecause } from '../skip.js';
import { EMPTY_VARIABLES, runEfi, SECURE_FIRMWARE } from './efi-machine.js';
import { enrolled } from './efi-variable-store.js';

const { signal } = new AbortController();

/** Says that it runs, and what the TPM holds. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
exec > /dev/console 2>&1
for register in 4 7 11 12; do
  value=/sys/class/tpm/tpm0/pcr-sha256/$register
  if [ -e $value ]; then echo "PCR $register $(/bin/busybox cat $value)"; fi
done
echo THE GUEST RUNS
/bin/busybox poweroff -f
`;
const RUNS = /THE GUEST RUNS/;
const REFUSED = /Access Denied|Security Violation/;

describe('a UKI under firmware that enforces Secure Boot', () => {
  let folder: string;
  let reason = missingPrograms('qemu-system-x86_64');
  let parts: UkiOptions;
  const lists: Record<string, Buffer> = {};
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-secure-boot-'));
    if (!existsSync(SECURE_FIRMWARE)) reason ??= `no ${SECURE_FIRMWARE}`;
    if (reason !== undefined) return;
    try {
      const files = await debianFiles(['systemd-boot-efi', 'linux-image-cloud-amd64', 'busybox-static'], {
        follow: /^linux-image-/,
        wanted: /linuxx64\.efi\.stub$|^boot\/vmlinuz-|bin\/busybox$/,
      });
      const [kernel, busybox, stub] = [...files.values()] as [Buffer, Buffer, Buffer];
      parts = {
        stub: bytesImage(stub),
        kernel: bytesImage(kernel),
        initrds: [bytesImage(await initrd(kernel, busybox))],
        commandLine: 'console=ttyS0 no_timer_check quiet panic=-1',
        osRelease: 'ID=ingot\n',
      };
    } catch (error) {
      reason = `no packages of Debian 13: ${(error as Error).message.slice(0, 200)}`;
      return;
    }
    const keys = join(folder, 'keys');
    await writeKeys(keys, await newKeys({ name: 'test', now: new Date() }));
    for (const name of ['PK', 'KEK', 'db']) lists[name] = readFileSync(join(keys, `${name}.esl`));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach((context) => {
    if (reason !== undefined) skipBecause(context, reason);
  });

  async function initrd(kernel: Buffer, busybox: Buffer): Promise<Buffer> {
    const tree = treeOf([
      file('boot/kernel', kernel),
      file('bin/busybox', busybox, { mode: 0o755 }),
      file('init', INIT, { mode: 0o755 }),
      ...['dev', 'proc', 'sys'].map((path) => ({ path, type: 'directory' as const })),
    ]);
    const files = await encodeKernelInitrd(tree, { commandLine: '' }, new MemoryStore().context());
    const chunks: Uint8Array[] = [];
    for await (const chunk of files.find(({ role }) => role === 'initrd')?.bytes() ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async function uki(signed: boolean): Promise<{ bytes: Buffer; measured: MeasuredUki }> {
    const [certificate, key] = [join(folder, 'keys', 'db.pem'), join(folder, 'keys', 'db.key')];
    const by = signed ? { signer: await signer({ certificate, with: { key }, signal }) } : {};
    const { image, measured } = await encodeUki({ ...parts, ...by }, new MemoryStore().context());
    return { bytes: await bufferOf(image), measured };
  }

  async function run(bytes: Buffer, enforced: boolean): Promise<string> {
    const program = join(folder, 'program.efi');
    writeFileSync(program, bytes);
    const empty = readFileSync(EMPTY_VARIABLES);
    return runEfi({
      from: { program },
      variables: enforced ? enrolled(empty, lists) : empty,
      tpm: missingPrograms('swtpm') === undefined,
      until: enforced ? new RegExp(`${RUNS.source}|${REFUSED.source}`) : RUNS,
    });
  }

  const registers = (said: string): Record<string, string> =>
    Object.fromEntries(
      [...said.matchAll(/PCR (\d+) ([0-9A-F]{64})/g)].map(([, number, value]) => [number, value?.toLowerCase()]),
    );
  test('starts when it is signed, and the TPM holds what was predicted', async (context) => {
    const { bytes: program, measured } = await uki(true);
    const said = await run(program, true);
    expect(said).toMatch(RUNS);
    const missing = missingPrograms('swtpm');
    if (missing !== undefined) skipBecause(context, missing);
    const certificates = [readFileSync(join(folder, 'keys', 'db.der'))];
    expect(registers(said)).toEqual(predictPcrs(measured, { enforced: true, variables: lists, certificates }));
  });

  test('is refused when it is not signed', async () => {
    const said = await run((await uki(false)).bytes, true);
    expect(said).toMatch(REFUSED);
    expect(said).not.toMatch(RUNS);
  });

  test('is refused when one bit of its initrd is another one', async () => {
    const { bytes: program } = await uki(true);
    const at = program.length - 100_000;
    program[at] = (program[at] as number) ^ 1;
    const said = await run(program, true);
    expect(said).toMatch(REFUSED);
    expect(said).not.toMatch(RUNS);
  });

  test('starts without a signature where nothing is enforced, and the TPM holds what was predicted', async (context) => {
    const { bytes: program, measured } = await uki(false);
    const said = await run(program, false);
    expect(said).toMatch(RUNS);
    const missing = missingPrograms('swtpm');
    if (missing !== undefined) skipBecause(context, missing);
    expect(registers(said)).toEqual(predictPcrs(measured, { enforced: false, variables: {} }));
  });
});
