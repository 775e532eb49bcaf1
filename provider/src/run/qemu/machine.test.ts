import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Digest } from '../../model/digest.js';
import type { MachineSpec } from '../../model/machine.js';
import type { Probe } from '../../model/probe.js';
import { askForwarder } from './forwarder-client.js';
import { compileForwarder } from './forwarder-program.fixture.js';
import { writeGuestRom } from './guest-rom.fixture.js';
import { kill } from './kill.fixture.js';
import {
  createMachine,
  deleteMachine,
  listMachines,
  type MachineRecord,
  type MachineRequest,
  type RunOptions,
  readMachine,
  testBoot,
} from './machine.js';
import { identityOf } from './process-identity.js';
import { reservedPort } from './reserved-port.fixture.js';

// A real QEMU with firmware in the place of an image; whole images are booted by the tests of the engine.
const READY = 'hello\r\n{"ingot":"ready","phases":{"kernel":1.5}}\r\n';
/** What is not about time is not to meet its limit, however busy the host is. */
const NO_HURRY = { timeoutSeconds: 600 };
const image: Digest = `sha256:${'ab'.repeat(32)}`;
const owner = { urn: 'urn:pulumi:test::web::ingot:Instance::web', project: '/a' };

let folder: string;
let forwarder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-machine-'));
  forwarder = compileForwarder(join(folder, 'program'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));

let stateDirectory: string;
/** Of this test alone: what was killed after the one before may take a while to be gone. */
let roms: string;
let host: number;
const cleanUps: (() => unknown)[] = [];
beforeEach(async () => {
  vi.stubEnv('INGOT_ACCELERATOR', 'tcg');
  stateDirectory = mkdtempSync(join(folder, 'state-'));
  roms = mkdtempSync(join(folder, 'roms-'));
  host = await reservedPort();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
  for (const { pid } of await listMachines(options())) kill(pid);
  for (const name of names('forwarders')) {
    const [address = '', port] = name.split('-');
    const stat = await askForwarder(stateDirectory, { address, port: Number(port) }, { do: 'stat' }).catch(
      () => undefined,
    );
    if (stat) kill(stat.pid);
  }
});

interface More extends Partial<RunOptions> {
  readonly end?: 'halt' | 'reset';
  readonly qemu?: string;
  /** Where a start is to take too long: as soon as this is all that is wrong, however slow the guest is. */
  readonly lateWhen?: RegExp;
}

function options(text = READY, more: More = {}): RunOptions {
  const boot = writeGuestRom(join(roms, `rom-${Math.random()}`), text, more.end);
  return {
    stateDirectory,
    signal: new AbortController().signal,
    progress: () => {},
    // A firmware does not know the power button.
    parts: {
      ...{ forwarder, boot, patience: 0.02, ...(more.qemu ? { qemu: more.qemu } : {}) },
      ...(more.lateWhen ? { isLate: (wrong) => more.lateWhen?.test(wrong) === true } : {}),
    },
    ...(more.signal ? { signal: more.signal } : {}),
    ...(more.began ? { began: more.began } : {}),
  };
}

function request(machine: Partial<MachineSpec> = {}): MachineRequest {
  return {
    owner,
    image,
    boot: { kernel: '/nowhere', initrd: '/nowhere', commandLine: '' },
    machine: { memoryMiB: 64, cpus: 1, ports: [{ host, guest: 80 }], drainSeconds: 1, health: NO_HURRY, ...machine },
    platform: 'linux/amd64',
    // Else one that has said nothing for a while counts as healthy.
    saysReady: true,
  };
}

function names(kind: string): string[] {
  const path = join(stateDirectory, kind);
  return existsSync(path) ? readdirSync(path) : [];
}

function sleeper(): ChildProcess {
  const child = spawn('sleep', ['3600']);
  cleanUps.push(() => child.kill('SIGKILL'));
  return child;
}

async function gone(pid = 0): Promise<void> {
  for (let i = 0; i < 8000 && (await identityOf(pid)) !== undefined; i++) await sleep(25);
  expect(await identityOf(pid)).toBeUndefined();
}

const stat = () =>
  askForwarder(stateDirectory, { address: '127.0.0.1', port: host }, { do: 'stat' }).catch(() => undefined);

async function nothingLeft(): Promise<void> {
  expect(names('machines')).toEqual([]);
  await expect.poll(() => names('forwarders'), { timeout: 200_000 }).toEqual([]);
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const lines = processes.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  });
  expect(lines.filter((line) => line.includes(stateDirectory) || line.includes(roms))).toEqual([]);
}

describe('createMachine()', () => {
  test('starts a machine that is ready, found again, published, and deleted without a trace', async () => {
    const record = await createMachine(request(), options());
    expect(record).toMatchObject({ image, accelerator: 'tcg', ports: [{ host, guest: 80, address: '127.0.0.1' }] });
    expect(record.id).toMatch(/^vm-[0-9a-f]{12}$/);
    expect(record.bootSeconds).toMatchObject({ 'guest.kernel': 1.5 });
    expect(record.bootSeconds.started).toBeLessThanOrEqual(record.bootSeconds.healthy ?? 0);
    expect(readFileSync(record.consoleFile, 'utf8')).toBe(READY);
    expect(await stat()).toMatchObject({ active: record.id, owner });
    expect(await readMachine(record.id, options())).toEqual(record);
    expect(await listMachines(options())).toEqual([record]);
    await deleteMachine(record.id, options());
    await nothingLeft();
    await deleteMachine(record.id, options());
    expect(await readMachine(record.id, options())).toBeUndefined();
  });

  test('starts one that hangs on nothing of ours and has no secret of ours', async () => {
    vi.stubEnv('SECRET_OF_OURS', 'x');
    const { pid } = await createMachine(request(), options());
    const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    expect([group, session]).toEqual([String(pid), String(pid)]);
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain('SECRET_OF_OURS');
  });

  test('takes the port over from the old machine, which then ends alone', async () => {
    const old = await createMachine(request(), options());
    const { pid } = (await stat()) ?? {};
    const next = await createMachine(request(), options());
    expect(await stat()).toMatchObject({ pid, active: next.id });
    expect((await readMachine(old.id, options()))?.pid).toBe(old.pid);
    expect(await stat()).toMatchObject({ active: next.id });
    await deleteMachine(old.id, { ...options(), drainSeconds: 1 });
    expect(await stat()).toMatchObject({ pid, active: next.id, machines: [{ machine: next.id }] });
    await deleteMachine(next.id, options());
    await nothingLeft();
  });

  test('moves a port to another address, and gives up one that is no longer published', async () => {
    const second = await reservedPort();
    const ports = [
      { host, guest: 80 },
      { host: second, guest: 80 },
    ];
    const old = await createMachine(request({ ports }), options());
    const next = await createMachine(request({ ports: [{ host, guest: 80, address: '0.0.0.0' }] }), options());
    await deleteMachine(old.id, options());
    expect(names('forwarders')).toEqual([`0.0.0.0-${host}`]);
    await deleteMachine(next.id, options());
    await nothingLeft();
  });

  test.each<[string, string, RegExp, Pick<More, 'end'>]>([
    ['panic', '[ 1.0] Kernel panic - not syncing: no init\r\n', /its kernel failed: no init/, {}],
    ['panic', '[ 0.5] Initramfs unpacking failed: junk\r\n', /its kernel failed: Initramfs unpacking failed: junk/, {}],
    [
      'guest-failed',
      '{"ingot":"failed","phase":"onboot/x","reason":"exit 3"}\r\n',
      /says that it failed: onboot\/x: exit 3/,
      {},
    ],
    ['died', 'going down\r\n', /it ended by itself \(QEMU: exit status 0\)/, { end: 'reset' }],
    ['unhealthy', 'still \x1b[31mbooting\r\n', /it was not healthy within 8 s: it does not say that it is ready/, {}],
  ])('fails with %s after %j, keeps the console, and leaves nothing else', async (code, text, message, more) => {
    const started: { consoleFile?: string } = {};
    const run = options(text, { ...more, began: (machine) => Object.assign(started, machine) });
    // The one that takes too long: not before it has said all that is looked for.
    const isLate = () => readFileSync(started.consoleFile ?? '', 'utf8') === text;
    const late = code === 'unhealthy';
    const health = late ? { timeoutSeconds: 2 } : NO_HURRY;
    const creation = createMachine(request({ health }), { ...run, parts: { ...run.parts, ...(late && { isLate }) } });
    const error = await creation.catch((thrown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.message).toMatch(/^Cannot start a machine from image abababababab: /);
    const kept = names('failed').map((name) => join(stateDirectory, 'failed', name));
    expect(error.message).toContain(`(${kept[0]}) ends with:\n  | ${text.replace('\x1b[31m', '').trim()}`);
    expect(readFileSync(kept[0] ?? '', 'utf8')).toBe(text);
    await nothingLeft();
  });

  test('fails when the health check does, though the guest says that it is ready', async () => {
    const health = { http: { port: 80 }, timeoutSeconds: 1 };
    await expect(createMachine(request({ health }), options())).rejects.toThrow(
      /not healthy within 4 s: it does not answer/,
    );
    await nothingLeft();
  });

  test('leaves the old machine alone, when the new one fails', async () => {
    const old = await createMachine(request(), options());
    const before = await stat();
    const failing = options('[ 1.0] Kernel panic - not syncing: no init\r\n');
    await expect(createMachine(request(), failing)).rejects.toMatchObject({ code: 'panic' });
    expect(await stat()).toEqual(before);
    expect(await listMachines(options())).toEqual([old]);
  });

  test('takes no port over and leaves no machine, when one of its ports is taken meanwhile', async () => {
    const old = await createMachine(request(), options());
    const before = await stat();
    const taken = await reservedPort();
    const thief = createServer();
    const more = {
      ...options(),
      progress: ({ step }: { step: string }) => void (step.startsWith('starting') && thief.listen(taken, '127.0.0.1')),
    };
    const ports = [
      { host, guest: 80 },
      { host: taken, guest: 81 },
    ];
    await expect(createMachine(request({ ports }), more)).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(`Cannot publish port 127.0.0.1:${taken}: 127.0.0.1:${taken} is in use by`),
    });
    thief.close();
    expect(await stat()).toEqual(before);
    expect(await listMachines(options())).toEqual([old]);
  });

  test('stops at once and leaves nothing, when it is cancelled', async () => {
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error('Cancelled')), 700);
    const creation = createMachine(request(), options('booting\r\n', { signal: cancel.signal }));
    await expect(creation).rejects.toMatchObject({ code: 'aborted' });
    await nothingLeft();
    expect(names('failed')).toEqual([]);
  });

  test("says what QEMU says, when it refuses; and does without a sandbox that it doesn't have", async () => {
    const refusing = join(folder, 'refusing');
    writeFileSync(refusing, '#!/bin/sh\necho "qemu: cannot set up guest memory" >&2\nexit 1\n', { mode: 0o755 });
    await expect(createMachine(request(), options('', { qemu: refusing }))).rejects.toMatchObject({
      code: 'no-start',
      message: expect.stringContaining('QEMU refuses: qemu: cannot set up guest memory'),
    });
    await nothingLeft();
    const plain = join(folder, 'plain');
    const script =
      'case "$*" in *-sandbox*) echo "-sandbox support is not enabled in this QEMU binary" >&2; exit 1;; esac';
    writeFileSync(plain, `#!/bin/sh\n${script}\nexec qemu-system-x86_64 "$@"\n`, { mode: 0o755 });
    const record = await createMachine(request(), options(READY, { qemu: plain }));
    expect(await readMachine(record.id, options())).toBeDefined();
  });

  test('works in a state directory whose path is longer than the address of a unix socket can be', async () => {
    stateDirectory = join(stateDirectory, 'x'.repeat(120));
    const record = await createMachine(request(), options());
    expect(await readMachine(record.id, options())).toEqual(record);
    await deleteMachine(record.id, options());
    await nothingLeft();
  });

  test('ends what interrupted updates have left of its owner: all that nobody knows any more', async () => {
    const [known, stray] = [await createMachine(request(), options()), await createMachine(request(), options())];
    const other = { ...request({ ports: [] }), owner: { ...owner, urn: `${owner.urn}-other` } };
    const stranger = await createMachine(other, options());
    const next = await createMachine({ ...request(), known: [known.id] }, options());
    await gone(stray.pid);
    const left = (await listMachines(options())).map(({ id }) => id);
    expect(left).toEqual([known.id, stranger.id, next.id]);
    expect(await stat()).toMatchObject({ active: next.id });
  });

  test('makes the one that is made last the newest, however the clock was set meanwhile', async () => {
    const old = await createMachine(request(), options());
    const clock = vi.spyOn(Date, 'now').mockReturnValue(1);
    const next = await createMachine(request(), options()).finally(() => clock.mockRestore());
    expect((await listMachines(options())).map(({ id }) => id)).toEqual([old.id, next.id]);
    await deleteMachine(old.id, options());
    expect((await listMachines(options())).map(({ id }) => id)).toEqual([next.id]);
  });

  test('clears away what a killed process had begun', async () => {
    const maker = sleeper();
    const identity = await identityOf(maker.pid ?? 0);
    const record = await createMachine(request(), options());
    rewrite(record, { stage: 'starting', maker: identity });
    kill(maker.pid);
    await gone(maker.pid);
    const next = await createMachine(request(), options());
    await gone(record.pid);
    expect(names('machines')).toEqual([next.id]);
    expect(await stat()).toMatchObject({ active: next.id, machines: [{ machine: next.id }] });
  });
});

function rewrite({ id }: MachineRecord, change: object): void {
  const path = join(stateDirectory, 'machines', id, 'machine.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
}

describe('readMachine()', () => {
  test('finds a killed machine gone, clears its remains away, and keeps its console', async () => {
    const record = await createMachine(request(), options());
    kill(record.pid);
    await gone(record.pid);
    expect(await readMachine(record.id, options())).toBeUndefined();
    await nothingLeft();
    expect(readFileSync(join(stateDirectory, 'failed', `${record.id}.log`), 'utf8')).toBe(READY);
  });

  test('takes no other process with the same number for the machine, and does it no harm', async () => {
    const record = await createMachine(request(), options());
    kill(record.pid);
    await gone(record.pid);
    const bystander = sleeper();
    const start = JSON.parse(readFileSync(join(stateDirectory, 'machines', record.id, 'machine.json'), 'utf8')).process
      .start;
    rewrite(record, { process: { pid: bystander.pid, start } });
    expect(await readMachine(record.id, options())).toBeUndefined();
    rewriteAgain(record, bystander.pid ?? 0, start);
    await deleteMachine(record.id, options());
    expect(await identityOf(bystander.pid ?? 0)).toBeDefined();
  });

  test('starts a forwarder again that was killed', async () => {
    const record = await createMachine(request(), options());
    const { pid } = (await stat()) ?? {};
    kill(pid);
    await gone(pid);
    expect(await readMachine(record.id, options())).toEqual(record);
    expect(await stat()).toMatchObject({ active: record.id });
    expect((await stat())?.pid).not.toBe(pid);
  });

  test('says that nothing is published, when the port now belongs to somebody else', async () => {
    const record = await createMachine(request(), options());
    const { pid } = (await stat()) ?? {};
    kill(pid);
    await gone(pid);
    const thief = createServer();
    await new Promise<void>((resolve) => thief.listen(host, '127.0.0.1', resolve));
    expect(await readMachine(record.id, options())).toEqual({ ...record, ports: [] });
    await deleteMachine(record.id, options());
    thief.close();
    await nothingLeft();
  });

  test.each(['vm-000000000000', 'vm-', '../../etc', ''])('knows no machine %j', async (id) => {
    expect(await readMachine(id, options())).toBeUndefined();
    await deleteMachine(id, options());
  });

  test('refuses the record of a newer Ingot, and one that is damaged', async () => {
    const record = await createMachine(request(), options());
    rewrite(record, { version: 2 });
    await expect(readMachine(record.id, options())).rejects.toThrow(/it has version 2, and this Ingot knows up to 1/);
    rewrite(record, { version: 1, uuid: 7 });
    await expect(readMachine(record.id, options())).rejects.toMatchObject({ code: 'bad-record' });
    kill(record.pid);
  });
});

/** As if the record had survived, and the number of its process had been given to another. */
function rewriteAgain({ id }: MachineRecord, pid: number, start: string): void {
  const path = join(stateDirectory, 'machines', id);
  mkdirSync(path, { recursive: true });
  const file = {
    ...{ version: 1, id, uuid: '11111111-2222-4333-8444-555555555555', stage: 'running', createdMs: 1, owner, image },
    ...{ platform: 'linux/amd64', accelerator: 'tcg', ports: [], bootSeconds: {} },
    ...{ maker: { pid, start }, process: { pid, start } },
  };
  writeFileSync(join(path, 'machine.json'), JSON.stringify(file));
}

describe('deleteMachine()', () => {
  test('ends a QEMU that answers to nothing but SIGKILL', async () => {
    const record = await createMachine(request(), options());
    process.kill(record.pid, 'SIGSTOP');
    await deleteMachine(record.id, options());
    await gone(record.pid);
    await nothingLeft();
  });

  test('ends with it what interrupted updates left of its owner, but not the newest', async () => {
    const [first, stray, newest] = [
      await createMachine(request(), options()),
      await createMachine(request(), options()),
      await createMachine(request(), options()),
    ];
    await deleteMachine(first.id, options());
    await gone(stray.pid);
    expect((await listMachines(options())).map(({ id }) => id)).toEqual([newest.id]);
  });

  test('ends all of them, where nobody knows any', async () => {
    const [first] = [await createMachine(request(), options()), await createMachine(request(), options())];
    await deleteMachine(first.id, { ...options(), known: [] });
    await nothingLeft();
  });

  test('stops waiting for a guest at once, when it is cancelled', async () => {
    const record = await createMachine(request(), options());
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(new Error('Cancelled')), 300);
    const slow = options(READY, { signal: cancel.signal });
    // It would be given 500 s before the power button is pressed again.
    const deletion = deleteMachine(record.id, { ...slow, parts: { ...slow.parts, patience: 100 } });
    await expect(deletion).rejects.toMatchObject({ code: 'aborted' });
    await deleteMachine(record.id, options());
    await nothingLeft();
  });

  test('leaves the machine running, when it is cancelled while the guest shuts down; and deletes it later', async () => {
    const record = await createMachine(request(), options());
    const cancelled = options(READY, { signal: AbortSignal.abort() });
    await expect(deleteMachine(record.id, cancelled)).rejects.toMatchObject({ code: 'aborted' });
    expect((await listMachines(options())).map(({ id }) => id)).toEqual([record.id]);
    await deleteMachine(record.id, options());
    await nothingLeft();
  });
});

describe('testBoot()', () => {
  const boot = () => {
    const { owner, image, boot, platform } = request();
    return { owner, image, boot, platform, memoryMiB: 64, cpus: 1, ...NO_HURRY };
  };

  test('asks all probes, and leaves nothing of the machine', async () => {
    const probes: Probe[] = [{ ready: true }, { console: { contains: 'hello' } }];
    const record = await testBoot({ ...boot(), probes }, options());
    expect(record).toMatchObject({ accelerator: 'tcg', bootSeconds: { 'guest.kernel': 1.5 } });
    await nothingLeft();
  });

  test('wants an init that can say that it is ready to say so, whatever else is asked', async () => {
    const silent = testBoot(
      { ...boot(), timeoutSeconds: 2, saysReady: true, probes: [{ console: { contains: 'hello' } }] },
      options('hello\r\n', { lateWhen: /s: ready: it does not say that it is ready$/ }),
    );
    await expect(silent).rejects.toThrow(
      /not healthy within 8 s: ready: it does not say that it is ready; its console/,
    );
    await nothingLeft();
  });

  test('runs no command before the machine is ready, and tells that it does not answer afterwards', async () => {
    const probes: Probe[] = [{ command: { run: ['true'] } }];
    const early = testBoot({ ...boot(), timeoutSeconds: 1, probes }, options('hello\r\n'));
    await expect(early).rejects.toThrow(/command "true": it was not run, since the machine is not ready; its console/);
    const lateWhen = /has not come to its end/;
    const deaf = testBoot({ ...boot(), timeoutSeconds: 2, probes }, options(READY, { lateWhen }));
    await expect(deaf).rejects.toThrow(/command "true": it has not come to its end; its console/);
    await nothingLeft();
  });

  test('names the probe that failed, and shows the last of the console', async () => {
    const probes: Probe[] = [
      { console: { contains: 'hello' } },
      { name: 'the page', http: { port: 80, body: 'x' } },
      { console: { contains: 'bye' } },
    ];
    const lateWhen = /s: the page: .*; console text "bye": its console does not have it$/;
    const failed = testBoot({ ...boot(), timeoutSeconds: 2, probes }, options('hello\r\n', { lateWhen }));
    await expect(failed).rejects.toThrow(
      /within 8 s: the page: it .*; console text "bye": its console does not have it; its console \(.*failed.*\) ends with:\n {2}\| hello/s,
    );
    await nothingLeft();
  });
});
