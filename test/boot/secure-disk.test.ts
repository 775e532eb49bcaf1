import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PredictedPcrs, predictPcrs } from '../../provider/src/format/pcr.js';
import { DEFAULT_COMMAND_LINE } from '../../provider/src/model/spec.js';
import { encodeImage } from '../../provider/src/pipeline/encode.js';
import { lock, newKeys, openWorkshop, parse, signerFor } from '../../provider/src/pipeline.js';
import { settingsFrom } from '../../provider/src/settings.js';
import { missingPrograms, skipBecause } from '../skip.js';
import { EMPTY_VARIABLES, runEfi, SECURE_FIRMWARE } from './efi-machine.js';
import { enrolled } from './efi-variable-store.js';
import { KERNEL, script } from './guest-image.js';

const PRINT = `for register in 4 7 11 12; do
  echo "PCR $register $(/usr/bin/busybox cat /sys/class/tpm/tpm0/pcr-sha256/$register)"
done > /dev/console`;
const SPEC = {
  // What an emulated machine is told (boot-source.ts), which under Secure Boot nobody can tell it from outside.
  kernel: { ...KERNEL, cmdline: `${DEFAULT_COMMAND_LINE['linux/amd64']} no_timer_check ingot.patience=4` },
  onboot: [script('registers', PRINT, { binds: ['/dev/console:/dev/console'] })],
};
const READY = /"ingot": ?"ready"/;
const CORRUPTED = /dm-verity device corrupted/;

describe('a signed disk under firmware that enforces Secure Boot', () => {
  let folder: string;
  let disk: string;
  let rootOffset: number;
  let predicted: PredictedPcrs;
  let variables: Buffer;
  const reason =
    missingPrograms('qemu-system-x86_64', 'swtpm') ??
    (existsSync(SECURE_FIRMWARE) ? undefined : `no ${SECURE_FIRMWARE}`);
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ingot-secure-disk-'));
    if (reason !== undefined) return;
    await using workshop = await openWorkshop(settingsFrom(process.env), {
      directory: folder,
      signal: new AbortController().signal,
      progress: () => undefined,
      now: () => new Date(),
    });
    await newKeys(join(folder, 'keys'), { name: 'test' }, workshop);
    const key = (name: string): string => join(folder, 'keys', name);
    const signer = await signerFor({ certificate: key('db.pem'), with: { key: key('db.key') } }, workshop);
    const lists = { PK: 'PK.esl', KEK: 'KEK.esl', db: 'db.esl' };
    const values = Object.fromEntries(Object.entries(lists).map(([name, file]) => [name, readFileSync(key(file))]));
    variables = enrolled(readFileSync(EMPTY_VARIABLES), values);

    const parsed = await parse(SPEC, workshop);
    const image = await lock(parsed.spec, {}, workshop);
    const encoded = await encodeImage(image, { format: 'raw-efi', signer }, workshop);
    if (encoded.disk === undefined) throw new Error('the image has no disk');
    const { disk: made, uki } = encoded.disk;
    disk = join(folder, 'disk.img');
    await using file = await open(disk, 'wx');
    for await (const { offset, bytes } of made.pieces()) await file.write(bytes, 0, bytes.byteLength, offset);
    await file.truncate(made.sizeBytes);
    rootOffset = made.partitions.find(({ role }) => role === 'root')?.offset as number;
    predicted = predictPcrs(uki.measured, { enforced: true, variables: values, certificates: signer.certificates });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach((context) => {
    if (reason !== undefined) skipBecause(context, reason);
  });

  const run = (): Promise<string> =>
    runEfi({
      from: { disk },
      variables,
      tpm: true,
      until: new RegExp(`${READY.source}|${CORRUPTED.source}|Access Denied`),
    });

  async function flip(offset: number): Promise<void> {
    await using file = await open(disk, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte[0] = (byte[0] as number) ^ 1;
    await file.write(byte, 0, 1, offset);
  }

  test('is ready, and the TPM holds what was predicted', async () => {
    const said = await run();
    expect(said).toMatch(READY);
    const registers = [...said.matchAll(/PCR (\d+) ([0-9A-F]{64})/g)].map(([, number, value = '']) => [
      number,
      value.toLowerCase(),
    ]);
    expect(Object.fromEntries(registers)).toEqual(predicted);
    expect(readFileSync(join(folder, 'keys', 'pcr7.txt'), 'utf8')).toBe(`${predicted[7]}\n`);
  });

  test('ends the machine where one bit of its root is another one', async () => {
    // Of the first block, which has the superblock, in its last bytes.
    const at = rootOffset + 4095;
    await flip(at);
    try {
      const said = await run();
      expect(said).toMatch(CORRUPTED);
      expect(said).not.toMatch(READY);
    } finally {
      await flip(at);
    }
  });
});
