import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Digest } from '../../model/digest.js';
import { RolloutStrategy } from '../../model/rollout.js';
import { CONSOLE_FILE } from './command-line.js';
import { deleteFleet, type FleetRequest, type FleetVersion, readFleet, rollFleet } from './fleet.js';
import { askForwarder } from './forwarder-client.js';
import { compileForwarder } from './forwarder-program.fixture.js';
import { writeGuestRom } from './guest-rom.fixture.js';
import { kill } from './kill.fixture.js';
import { listMachines } from './machine.js';
import type { RunOptions } from './options.js';
import { identityOf } from './process-identity.js';
import { reservedPort } from './reserved-port.fixture.js';

// Real QEMUs with firmware in the place of an image; whole images are booted by the tests of the engine.
const READY = '{"ingot":"ready","phases":{}}\r\n';
const FAILED = '{"ingot":"failed","phase":"onboot/x","reason":"exit 3"}\r\n';
const SILENT = 'still booting\r\n';
const owner = { urn: 'urn:pulumi:test::web::ingot:Fleet::web', project: '/a' };
const id = 'fleet-1';

let folder: string;
let forwarder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-fleet-'));
  forwarder = compileForwarder(join(folder, 'program'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }));

let stateDirectory: string;
let host: number;
beforeEach(async () => {
  vi.stubEnv('INGOT_ACCELERATOR', 'tcg');
  stateDirectory = mkdtempSync(join(folder, 'state-'));
  host = await reservedPort();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const { pid } of await listMachines(options())) kill(pid);
  const { pid } = (await stat()) ?? {};
  if (pid !== undefined) kill(pid);
});

/** @param text what machines that are started say */
function options(text = READY, signal = new AbortController().signal): RunOptions {
  const boot = writeGuestRom(join(folder, `rom-${Math.random()}`), text);
  // A firmware does not know the power button.
  return { stateDirectory, signal, progress: () => {}, parts: { forwarder, boot, patience: 0.02 } };
}

function version(name: string): FleetVersion {
  const image: Digest = `sha256:${name.repeat(64)}`;
  const ports = [{ host, guest: 80 }];
  return {
    version: name,
    machine: { memoryMiB: 64, cpus: 1, ports, drainSeconds: 1, health: { timeoutSeconds: 600 } },
    booted: async () => ({
      image,
      boot: { kernel: '/nowhere', initrd: '/nowhere', commandLine: '' },
      platform: 'linux/amd64',
      saysReady: true,
    }),
  };
}

function request(to: string, from?: string, more: Partial<FleetRequest> = {}): FleetRequest {
  const previous = from === undefined ? undefined : version(from);
  const strategy = RolloutStrategy.parse({});
  return { id, owner, count: 2, strategy, wanted: version(to), previous, rejected: [], ...more };
}

const stat = () =>
  askForwarder(stateDirectory, { address: '127.0.0.1', port: host }, { do: 'stat' }).catch(() => undefined);

function names(kind: string): string[] {
  const path = join(stateDirectory, kind);
  return existsSync(path) ? readdirSync(path) : [];
}

/** A third machine that boots, and has come as far as it ever will. */
async function silentOne(): Promise<void> {
  const consoles = () => names('machines').map((machine) => join(stateDirectory, 'machines', machine, CONSOLE_FILE));
  const isThere = () => consoles().some((path) => existsSync(path) && readFileSync(path, 'utf8') === SILENT);
  await expect.poll(isThere, { timeout: 250_000 }).toBe(true);
}

async function nothingLeft(): Promise<void> {
  await deleteFleet(id, { ...options(), owner, drainSeconds: 0 });
  expect(names('machines')).toEqual([]);
  expect(names('fleets')).toEqual([]);
  await expect.poll(() => names('forwarders'), { timeout: 200_000 }).toEqual([]);
}

describe('rollFleet()', () => {
  test('makes a fleet whose machines take turns, replaces them, and goes back from what fails', async () => {
    const made = await rollFleet(request('a'), options());
    expect(made).toMatchObject({ outcome: 'done', rejected: [], machines: [{ version: 'a' }, { version: 'a' }] });
    expect(await readFleet(id, options())).toEqual(made.machines);
    const before = await stat();
    expect(before?.machines.map(({ isActive }) => isActive)).toEqual([true, true]);

    const rolled = await rollFleet(request('b', 'a'), options());
    expect(rolled).toMatchObject({ outcome: 'done', machines: [{ version: 'b' }, { version: 'b' }] });
    expect((await stat())?.machines.map(({ machine }) => machine).sort()).toEqual(
      rolled.machines.map(({ id }) => id).sort(),
    );
    expect((await stat())?.pid).toBe(before?.pid);

    const failed = await rollFleet(request('c', 'b'), options(FAILED));
    expect(failed).toMatchObject({ outcome: 'failed', machines: rolled.machines });
    expect(failed.reason).toMatch(/^it says that it failed: onboot\/x: exit 3; its console \(/);
    expect(failed.rejected).toMatchObject([{ digest: 'c' }]);
    const { rejected } = failed;
    expect(await rollFleet(request('c', 'b', { rejected }), options())).toMatchObject({
      ...{ outcome: 'failed', machines: rolled.machines, rejected },
    });
    await nothingLeft();
  });

  test('takes over what an interrupted one has left, and mends what died', async () => {
    const made = await rollFleet(request('a'), options());
    const controller = new AbortController();
    const rolling = rollFleet(request('b', 'a'), options(SILENT, controller.signal));
    await silentOne();
    controller.abort(new Error('Ctrl-C'));
    expect(await rolling).toMatchObject({ outcome: 'interrupted', machines: made.machines, rejected: [] });

    const [dead, alive] = made.machines;
    kill(dead?.pid);
    for (let i = 0; i < 8000 && (await identityOf(dead?.pid ?? 0)) !== undefined; i++) await sleep(25);
    expect(await readFleet(id, options())).toEqual([alive]);
    const mended = await rollFleet(request('a', 'a'), options());
    expect(mended).toMatchObject({ outcome: 'done', machines: [alive, { version: 'a' }] });
    // Made again under another name, it is the same machines.
    const again = await rollFleet(request('a', undefined, { id: 'fleet-2' }), options());
    expect(again).toMatchObject({ outcome: 'done', machines: mended.machines });
    await deleteFleet(id, { ...options(), owner, drainSeconds: 0 });
    expect(await readFleet('fleet-2', options())).toHaveLength(2);
    await deleteFleet('fleet-2', { ...options(), owner, drainSeconds: 0 });
    await nothingLeft();
  });

  test('gives way to a later one, and undoes what it has begun', async () => {
    const made = await rollFleet(request('a'), options());
    const first = rollFleet(request('b', 'a'), options(SILENT));
    await silentOne();
    const second = await rollFleet(request('a', 'a', { count: 3 }), options());
    expect(second).toMatchObject({ outcome: 'done', machines: [...made.machines, { version: 'a' }] });
    expect(await first).toMatchObject({ outcome: 'interrupted', rejected: [] });
    expect(names('machines')).toHaveLength(3);
    await nothingLeft();
  });

  test('leaves nothing of a new one that fails', async () => {
    const failed = await rollFleet(request('a'), options(FAILED));
    expect(failed).toMatchObject({ outcome: 'failed', machines: [], rejected: [{ digest: 'a' }] });
    await nothingLeft();
  });
});
