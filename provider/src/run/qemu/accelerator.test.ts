import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silent } from '../../model/progress.js';
import { chooseAccelerator, runsGuest } from './accelerator.js';
import { findQemu } from './program.js';

const signal = new AbortController().signal;
let stateDirectory: string;

beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'ingot-accelerator-'));
  vi.stubEnv('INGOT_ACCELERATOR', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(stateDirectory, { recursive: true });
});

/** A program in the place of QEMU that does what it is told, and writes down that it was asked. */
function standIn(script: string): string {
  const path = join(stateDirectory, 'qemu');
  writeFileSync(path, `#!/bin/sh\necho asked >> ${stateDirectory}/asked\n${script}\n`, { mode: 0o755 });
  return path;
}

function timesAsked(): number {
  return readFileSync(join(stateDirectory, 'asked'), 'utf8').trim().split('\n').length;
}

/** What was killed is gone as soon as it had its turn to end, which on a busy host takes a while. */
async function noProcessWith(text: string): Promise<void> {
  const found = (): string[] => {
    const all = execFileSync('ps', ['-eo', 'stat=,args=']).toString().split('\n');
    return all.filter((line) => line.includes(text) && !line.startsWith('Z'));
  };
  await expect.poll(found, { timeout: 200_000 }).toEqual([]);
}

/** What is not about the limit is not to meet it, however busy the host is. */
const NO_HURRY_MS = 250_000;

/** A number of seconds that tells the processes of this test from those of others on this host. */
const LONG = `7${process.pid}.5`;

describe('runsGuest()', () => {
  test.each(['linux/amd64', 'linux/arm64'] as const)('sees an emulated %s guest run to its end', async (platform) => {
    const qemu = await findQemu(platform);
    if (qemu === undefined) throw new Error(`QEMU for ${platform} is not installed: the set-up script installs it`);
    expect(await runsGuest('tcg', { qemu, platform, signal, limitMs: NO_HURRY_MS })).toBe(true);
  });

  test('says no to an accelerator that this QEMU does not have', async () => {
    const qemu = (await findQemu('linux/amd64')) ?? '';
    expect(await runsGuest('hvf', { qemu, platform: 'linux/amd64', signal })).toBe(false);
  });

  test.each([
    ['hangs', `sleep ${LONG}; exit 33`],
    ['hangs in a child and ignores polite signals', `trap "" TERM INT HUP; sleep ${LONG} & wait; wait; exit 33`],
    ['aborts', 'kill -ABRT $$'],
    ['ends well, but not through the guest', 'exit 0'],
  ])('says no and leaves nothing behind, when QEMU %s', async (_what, script) => {
    const qemu = standIn(script);
    expect(await runsGuest('kvm', { qemu, platform: 'linux/amd64', signal, limitMs: 300 })).toBe(false);
    await noProcessWith(qemu);
    await noProcessWith(`sleep ${LONG}`);
  });

  test('ends at once and leaves nothing behind, when it is cancelled', async () => {
    const cancel = new AbortController();
    const qemu = standIn(`sleep ${LONG}`);
    const probe = runsGuest('kvm', { qemu, platform: 'linux/amd64', signal: cancel.signal, limitMs: NO_HURRY_MS });
    setTimeout(() => cancel.abort(), 200);
    await expect(probe).rejects.toMatchObject({ code: 'aborted' });
    await noProcessWith(`sleep ${LONG}`);
  });
});

describe('chooseAccelerator()', () => {
  const native = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
  const foreign = process.arch === 'arm64' ? 'linux/amd64' : 'linux/arm64';
  const options = () => ({ stateDirectory, signal, progress: silent });

  test('takes what really runs a guest on this host, whatever /dev/kvm looks like', async () => {
    const qemu = (await findQemu(native)) ?? '';
    const guest = { qemu, platform: native, limitMs: NO_HURRY_MS } as const;
    const accelerator = await chooseAccelerator(guest, options());
    expect(accelerator === 'tcg' || (await runsGuest(accelerator, { ...guest, signal }))).toBe(true);
  });

  test('asks once for a QEMU, and again for another', async () => {
    const ended = process.arch === 'arm64' ? 0 : 33;
    const expected = process.platform === 'darwin' ? 'hvf' : 'kvm';
    const qemu = standIn(`exit ${ended}`);
    const guest = { qemu, platform: native, limitMs: NO_HURRY_MS } as const;
    for (let i = 0; i < 3; i++) expect(await chooseAccelerator(guest, options())).toBe(expected);
    expect(timesAsked()).toBe(1);
    standIn('exit 1 # another program of the same name');
    expect(await chooseAccelerator(guest, options())).toBe('tcg');
    expect(await chooseAccelerator(guest, options())).toBe('tcg');
    expect(timesAsked()).toBe(2);
  });

  test('does not remember a cancelled question', async () => {
    const cancelled = { ...options(), signal: AbortSignal.abort() };
    const guest = { qemu: standIn('exit 33'), platform: native, limitMs: NO_HURRY_MS } as const;
    await expect(chooseAccelerator(guest, cancelled)).rejects.toMatchObject({ code: 'aborted' });
    await chooseAccelerator(guest, options());
    expect(timesAsked()).toBe(1);
  });

  test('asks again, when what it remembered is damaged', async () => {
    writeFileSync(join(stateDirectory, 'accelerator.json'), '{"version":1,"known":[');
    const guest = { qemu: standIn('exit 33'), platform: native, limitMs: NO_HURRY_MS } as const;
    await chooseAccelerator(guest, options());
    expect(timesAsked()).toBe(1);
  });

  test('emulates another architecture without asking', async () => {
    expect(await chooseAccelerator({ qemu: '/nowhere', platform: foreign }, options())).toBe('tcg');
  });

  test('takes what the environment says, and refuses what is not known', async () => {
    const guest = { qemu: '/nowhere', platform: native } as const;
    vi.stubEnv('INGOT_ACCELERATOR', 'tcg');
    expect(await chooseAccelerator(guest, options())).toBe('tcg');
    vi.stubEnv('INGOT_ACCELERATOR', 'fast');
    await expect(chooseAccelerator(guest, options())).rejects.toThrow(
      'Cannot choose how to run machines: INGOT_ACCELERATOR is "fast"; it must be one of kvm, hvf, tcg, auto',
    );
  });
});
