import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MachineSpec } from '../../model/machine.js';
import { silent } from '../../model/progress.js';
import { checkMachine } from './check.js';
import { askForwarder, ensureForwarder } from './forwarder-client.js';
import { compileForwarder } from './forwarder-program.fixture.js';
import { kill } from './kill.fixture.js';
import { findPortHolder, listeningInodes } from './port-holder.js';
import { reservedPort } from './reserved-port.fixture.js';

const owner = { urn: 'urn:pulumi:test::web::ingot:Instance::web', project: '/a' };
const other = { ...owner, urn: 'urn:pulumi:test::web::ingot:Instance::other' };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-ports-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

function problems(
  machine: Partial<MachineSpec>,
  more: { stateDirectory?: string; qemu?: string; platform?: 'linux/arm64' } = {},
) {
  const { stateDirectory = join(folder, 'state'), qemu = '/bin/true', platform = 'linux/amd64' } = more;
  return checkMachine(
    { owner, platform, machine: { memoryMiB: 64, cpus: 1, ports: [], drainSeconds: 1, ...machine } },
    { stateDirectory, signal: new AbortController().signal, progress: silent, ...(qemu ? { parts: { qemu } } : {}) },
  );
}

async function listen(address: string): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

describe('checkMachine()', () => {
  test('has nothing to say about a machine that can run', async () => {
    const host = await reservedPort();
    expect(await problems({ ports: [{ host, guest: 80 }], health: { http: { port: 80 } } })).toEqual([]);
  });

  test.for(['127.0.0.1', '0.0.0.0', '::'])('names the process that listens on %s', async (address, context) => {
    const host = await listen(address).catch((error: NodeJS.ErrnoException) => {
      if (address === '::' && error.code === 'EAFNOSUPPORT') context.skip('this host has no IPv6');
      throw error;
    });
    const [problem] = await problems({ ports: [{ host, guest: 80 }] });
    expect(problem?.property).toBe('ports[0].host');
    expect(problem?.reason).toMatch(
      new RegExp(`^127.0.0.1:${host} is in use by .+ \\(process ${process.pid}\\); end it, or choose another port$`),
    );
  });

  test('lets an owner have the port that its own forwarder holds, and tells others whose it is', async () => {
    const host = await reservedPort();
    const endpoint = { address: '127.0.0.1', port: host };
    const parts = { forwarder: compileForwarder(join(folder, 'program')) };
    const mine = join(folder, 'mine');
    await ensureForwarder(endpoint, { stateDirectory: mine, owner, parts });
    const pid = (await askForwarder(mine, endpoint, { do: 'stat' }))?.pid ?? 0;
    cleanUps.push(() => kill(pid));
    const ports = [{ host, guest: 80 }];
    expect(await problems({ ports }, { stateDirectory: mine })).toEqual([]);
    expect(await problems({ ports: [{ host, guest: 80, address: '0.0.0.0' }] }, { stateDirectory: mine })).toEqual([]);
    // Another state directory does not know it; its command line tells.
    const published = `127.0.0.1:${host} is published by ${owner.urn} of the program in /a; choose another port`;
    expect(await problems({ ports })).toEqual([{ property: 'ports[0].host', reason: published }]);
    expect(await findPortHolder(endpoint)).toMatchObject({ pid, owner });
    await expect(
      askForwarder(mine, endpoint, {
        do: 'add',
        owner: other,
        machine: 'vm-1',
        port: 1,
        process: { pid: 1, start: '' },
      }),
    ).rejects.toThrow(owner.urn);
  });

  test.each<[string, Partial<MachineSpec>, string, RegExp]>([
    [
      'more memory than there is',
      { memoryMiB: 2 ** 40 },
      'memoryMiB',
      /^1099511627776 MiB is more than this host has; it has \d+ MiB$/,
    ],
    [
      'a name for an address',
      { ports: [{ host: 8080, guest: 80, address: 'localhost' }] },
      'ports[0].address',
      /^"localhost" is not an IP address/,
    ],
    [
      "somebody else's address",
      { ports: [{ host: 48080, guest: 80, address: '192.0.2.1' }] },
      'ports[0].host',
      /^192\.0\.2\.1 is not an address of this host$/,
    ],
    [
      'a check of a port that is not published',
      { health: { http: { port: 80 } } },
      'health.http.port',
      /not published \(none is\)/,
    ],
    [
      'the same for TCP',
      { health: { tcp: { port: 22 } } },
      'health.tcp.port',
      /^port 22 of the machine is not published/,
    ],
  ])('refuses %s', async (_what, machine, property, reason) => {
    const [problem, ...more] = await problems(machine);
    expect(problem).toMatchObject({ property, reason: expect.stringMatching(reason) });
    expect(more).toEqual([]);
  });

  test('refuses a port that is published twice', async () => {
    const host = await reservedPort();
    const ports = [
      { host, guest: 80 },
      { host, guest: 443, address: '127.0.0.1' },
    ];
    expect(await problems({ ports })).toEqual([
      { property: 'ports[1].host', reason: `127.0.0.1:${host} is published twice; give each its own port` },
    ]);
  });

  test.runIf(process.getuid?.() === 0 && process.platform === 'linux')(
    'says how to get QEMU, when it is missing',
    async () => {
      const path = process.env.PATH;
      cleanUps.push(() => {
        process.env.PATH = path;
      });
      process.env.PATH = join(folder, 'empty');
      const [problem] = await problems({}, { qemu: '', platform: 'linux/arm64' });
      expect(problem?.reason).toMatch(
        /^this host cannot run linux\/arm64 machines: qemu-system-aarch64 is not on PATH; install it with one of: apt-get install .* \| brew install qemu$/,
      );
    },
  );
});

test('listeningInodes() reads the addresses of both tables, and only of sockets that listen', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 12 1',
    '   2: 0200007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1',
    '   3: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14 1',
    '   4: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 15 1',
    'nonsense',
  ].join('\n');
  expect(listeningInodes(table, { address: '127.0.0.1', port: 8080 })).toEqual(['11', '15']);
  expect(listeningInodes(table, { address: '127.0.0.2', port: 8080 })).toEqual(['13']);
  expect(listeningInodes(table, { address: '0.0.0.0', port: 8080 })).toEqual(['11', '13', '15']);
  expect(listeningInodes(table, { address: '10.0.0.1', port: 8081 })).toEqual(['14']);
});
