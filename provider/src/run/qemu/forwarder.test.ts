import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Agent, createServer, get, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Endpoint } from './endpoint.js';
import { askForwarder, ensureForwarder } from './forwarder-client.js';
import { compileForwarder } from './forwarder-program.fixture.js';
import { CONTROL_SOCKET, type ForwarderRequest, type ForwarderStat } from './forwarder-protocol.js';
import { kill } from './kill.fixture.js';
import { findPortHolder } from './port-holder.js';
import { identityOf, type ProcessIdentity } from './process-identity.js';
import { reservedPort } from './reserved-port.fixture.js';
import { connectUnix } from './unix-socket.js';

const owner = { urn: 'urn:pulumi:test::web::ingot:Instance::web', project: '/a' };
let folder: string;
let forwarder: string;
let self: ProcessIdentity;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingot-forwarder-'));
  forwarder = compileForwarder(join(folder, 'program'));
  const identity = await identityOf(process.pid);
  if (identity === undefined) throw new Error('no identity');
  self = identity;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stateDirectory: string;
let endpoint: Endpoint;
const cleanUps: (() => unknown)[] = [];
beforeEach(async () => {
  stateDirectory = mkdtempSync(join(folder, 'state-'));
  endpoint = { address: '127.0.0.1', port: await reservedPort() };
});
afterEach(async () => {
  const stat = await ask({ do: 'stat' }).catch(() => undefined);
  if (stat) kill(stat.pid);
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const ask = (request: ForwarderRequest) => askForwarder(stateDirectory, endpoint, request);
const add = (machine: string, port: number, process = self) => ask({ do: 'add', owner, machine, port, process });
const start = (parts = { forwarder }) => ensureForwarder(endpoint, { stateDirectory, owner, parts });

function portOf(server: Server | TcpServer): number {
  return (server.address() as AddressInfo).port;
}

/** A machine's web server; what it answers is its name, unless told otherwise. */
async function web(name: string, listener: RequestListener = (_, answer) => answer.end(name)): Promise<number> {
  const server = createServer({ keepAliveTimeout: 600_000 }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return portOf(server);
}

function fetchText(agent: Agent | false, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port: endpoint.port, host: '127.0.0.1', agent, path, timeout: 250_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
      });
      answer.on('end', () => resolve(text));
      answer.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
  });
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 8000 && !(await what()); i++) await sleep(25);
  expect(await what()).toBe(true);
}

/** In a forwarder: has it not listen for questions before a file is there. As text it is the beginning of a program. */
const heldUp = `(gate) => {
  const { existsSync } = require('node:fs');
  const { Server } = require('node:net');
  const { listen } = Server.prototype;
  Server.prototype.listen = function (where, listening) {
    if (typeof where !== 'string') return listen.call(this, where, listening);
    const look = setInterval(() => {
      if (!existsSync(gate)) return;
      clearInterval(look);
      listen.call(this, where, listening);
    }, 20);
    return this;
  };
}`;

function connectionsOf(stat: ForwarderStat | undefined, machine: string): number | undefined {
  return stat?.machines.find((entry) => entry.machine === machine)?.connections;
}

describe('a forwarder', () => {
  test('leads to its active machine, and says so', async () => {
    await start();
    const [one, two] = [await web('one'), await web('two')];
    await add('vm-1', one);
    await ask({ do: 'switch', machine: 'vm-1' });
    expect(await fetchText(false)).toBe('one');
    await add('vm-2', two);
    expect(await fetchText(false)).toBe('one');
    await ask({ do: 'switch', machine: 'vm-2' });
    expect(await fetchText(false)).toBe('two');
    expect(await ask({ do: 'stat' })).toMatchObject({
      version: 1,
      ...endpoint,
      owner,
      listening: true,
      active: 'vm-2',
      machines: [
        { machine: 'vm-1', port: one },
        { machine: 'vm-2', port: two },
      ],
    });
  });

  test.each([
    ['a connection for each request', () => false as const],
    ['kept connections', () => new Agent({ keepAlive: true, maxSockets: 4 })],
  ])('loses no request in 30 switches, each with an old machine that drains and ends: %s', async (_what, agentOf) => {
    await start();
    const agent = agentOf();
    let going = true;
    const answers = new Map<string, number>();
    const failures: string[] = [];
    const client = async (): Promise<void> => {
      while (going) {
        await fetchText(agent, '/x').then(
          (text) => answers.set(text, (answers.get(text) ?? 0) + 1),
          (error: Error) => failures.push(error.message),
        );
      }
    };
    let clients: Promise<void>[] = [];
    let old: { machine: string; end: () => void } | undefined;
    for (let i = 0; i <= 30; i++) {
      const machine = `vm-${i}`;
      // Every third answers late, and in pieces with a pause as long as an idle connection is left alone.
      const server = createServer({ keepAliveTimeout: 600_000 }, async (_, answer) => {
        if (i % 3 === 0) {
          answer.write(machine.slice(0, 2));
          await sleep(i % 2 === 0 ? 20 : 350);
          answer.end(machine.slice(2));
        } else {
          answer.end(machine);
        }
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const end = (): void => {
        server.closeAllConnections();
        server.close();
      };
      await add(machine, portOf(server));
      await ask({ do: 'switch', machine });
      if (i === 0) clients = Array.from({ length: 4 }, client);
      if (old !== undefined) {
        const { machine: last } = old;
        await ask({ do: 'release', machine: last });
        await until(async () => connectionsOf(await ask({ do: 'stat' }), last) === 0);
        // As killed as a machine can be: whatever still went to it would fail.
        old.end();
        await ask({ do: 'remove', machine: last });
      }
      old = { machine, end };
      const before = answers.get(machine) ?? 0;
      await until(() => (answers.get(machine) ?? 0) >= before + 3);
    }
    going = false;
    await Promise.all(clients);
    if (agent) agent.destroy();
    old?.end();
    expect(failures).toEqual([]);
    expect(answers.size).toBe(31);
  });

  test('takes a kept connection to the new machine, without the client noticing', async () => {
    await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanUps.push(() => agent.destroy());
    await add('vm-1', await web('one'));
    await ask({ do: 'switch', machine: 'vm-1' });
    expect(await fetchText(agent)).toBe('one');
    const socket = Object.values(agent.freeSockets)[0]?.[0];
    await add('vm-2', await web('two'));
    await ask({ do: 'switch', machine: 'vm-2' });
    await until(async () => connectionsOf(await ask({ do: 'stat' }), 'vm-1') === 0);
    expect(await fetchText(agent)).toBe('two');
    expect(Object.values(agent.freeSockets)[0]?.[0]).toBe(socket);
  });

  test('lets machines that joined take turns, and loses no request while they come and go', async () => {
    await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    cleanUps.push(() => agent.destroy());
    for (const name of ['vm-1', 'vm-2', 'vm-3']) {
      await add(name, await web(name));
      await ask({ do: 'join', machine: name });
    }
    // Of requests that began before and after a machine went.
    let answers = new Set<string>();
    const failures: string[] = [];
    let going = true;
    const client = async (kept: Agent | false): Promise<void> => {
      while (going) {
        const mine = answers;
        await fetchText(kept).then(
          (text) => mine.add(text),
          (error: Error) => failures.push(error.message),
        );
      }
    };
    const clients = [client(false), client(agent)];
    const answeredBy = async (...names: string[]): Promise<void> =>
      until(() => names.every((name) => answers.has(name)));
    await answeredBy('vm-1', 'vm-2', 'vm-3');

    expect(await ask({ do: 'release', machine: 'vm-2' })).toMatchObject({ active: 'vm-3', listening: true });
    await until(async () => connectionsOf(await ask({ do: 'stat' }), 'vm-2') === 0);
    await ask({ do: 'remove', machine: 'vm-2' });
    answers = new Set();
    await add('vm-4', await web('vm-4'));
    await ask({ do: 'join', machine: 'vm-4' });
    await answeredBy('vm-1', 'vm-3', 'vm-4');
    going = false;
    await Promise.all(clients);
    expect(answers).not.toContain('vm-2');
    expect(failures).toEqual([]);

    await ask({ do: 'release', machine: 'vm-1' });
    await ask({ do: 'release', machine: 'vm-4' });
    // None that was released comes back.
    expect(await ask({ do: 'release', machine: 'vm-3' })).toMatchObject({ active: null, listening: false });
  });

  test('goes on with the other machines, when one does not take a connection', async () => {
    await start();
    await add('vm-1', await reservedPort());
    await add('vm-2', await web('two'));
    for (const machine of ['vm-1', 'vm-2']) await ask({ do: 'join', machine });
    for (let i = 0; i < 4; i++) expect(await fetchText(false)).toBe('two');
  });

  test('leaves an answer that pauses alone, until it has ended', async () => {
    await start();
    let end: (() => void) | undefined;
    const slow = await web('', (_, answer) => {
      answer.write('begin ');
      end = () => answer.end('end');
    });
    await add('vm-1', slow);
    await ask({ do: 'switch', machine: 'vm-1' });
    const answer = fetchText(false);
    await until(() => end !== undefined);
    await add('vm-2', await web('two'));
    await ask({ do: 'switch', machine: 'vm-2' });
    // Three times as long as a connection has to be silent to be taken elsewhere between two answers.
    await sleep(900);
    expect(connectionsOf(await ask({ do: 'stat' }), 'vm-1')).toBe(1);
    end?.();
    expect(await answer).toBe('begin end');
  });

  test('leaves other protocols with their machine, half-closed ones too', async () => {
    await start();
    const echo = createTcpServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (piece) => socket.write(piece));
      socket.on('end', () => setTimeout(() => socket.end('bye'), 600));
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => echo.close());
    await add('vm-1', portOf(echo));
    await ask({ do: 'switch', machine: 'vm-1' });
    const socket = connect({ port: endpoint.port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.write('hello ');
    await until(() => text === 'hello ');
    await add('vm-2', await web('two'));
    await ask({ do: 'switch', machine: 'vm-2' });
    await sleep(500);
    socket.write('still here ');
    socket.end();
    await new Promise((resolve) => socket.once('end', resolve));
    expect(text).toBe('hello still here bye');
    await until(async () => connectionsOf(await ask({ do: 'stat' }), 'vm-1') === 0);
  });

  test('passes on what is larger than all buffers, both ways', async () => {
    await start();
    const body = Buffer.alloc(20 << 20, 'x');
    const mirror = await web('', (request, answer) => {
      answer.writeHead(200, { 'Content-Length': request.headers['content-length'] });
      request.pipe(answer);
    });
    await add('vm-1', mirror);
    await ask({ do: 'switch', machine: 'vm-1' });
    const answer = await fetch(`http://127.0.0.1:${endpoint.port}/`, { method: 'POST', body });
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  });

  test('ends with its last machine: no process, no folder, and the port is free at once', async () => {
    await start();
    await add('vm-1', await web('one'));
    await ask({ do: 'switch', machine: 'vm-1' });
    const agent = new Agent({ keepAlive: true });
    cleanUps.push(() => agent.destroy());
    await fetchText(agent);
    const pid = (await ask({ do: 'stat' }))?.pid ?? 0;
    await ask({ do: 'remove', machine: 'vm-1' });
    const next = createTcpServer();
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(endpoint.port, '127.0.0.1', resolve);
    });
    next.close();
    expect(readdirSync(join(stateDirectory, 'forwarders'))).toEqual([]);
    await until(async () => (await identityOf(pid)) === undefined);
    expect(await ask({ do: 'stat' })).toBeUndefined();
  });

  test('tells nobody who asks a moment too late that it has taken a machine', async () => {
    await start();
    const port = await web('one');
    await add('vm-1', port);
    const late = await connectUnix(join(stateDirectory, 'forwarders', `127.0.0.1-${endpoint.port}`), CONTROL_SOCKET);
    const answers: Buffer[] = [];
    const closed = new Promise((resolve) => late.once('close', resolve));
    late.on('data', (piece: Buffer) => answers.push(piece)).on('error', () => {});
    await ask({ do: 'remove', machine: 'vm-1' });
    late.write(`${JSON.stringify({ do: 'add', owner, machine: 'vm-2', port, process: self })}\n`);
    await closed;
    expect(Buffer.concat(answers).toString()).toBe('');
  });

  test('forgets a machine whose process is gone, and ends with the last', async () => {
    await start();
    const child = spawn('sleep', ['3600']);
    cleanUps.push(() => child.kill('SIGKILL'));
    const identity = await identityOf(child.pid ?? 0);
    await add('vm-1', await web('one'), identity);
    await ask({ do: 'switch', machine: 'vm-1' });
    expect(await fetchText(false)).toBe('one');
    child.kill('SIGKILL');
    await until(async () => (await ask({ do: 'stat' }).catch(() => undefined)) === undefined);
  });

  test('refuses another owner, and a machine that it does not know', async () => {
    await start();
    const other = { ...owner, urn: 'urn:other' };
    await expect(ask({ do: 'add', owner: other, machine: 'vm-1', port: 1, process: self })).rejects.toThrow(
      `the port belongs to ${owner.urn}`,
    );
    await expect(ask({ do: 'switch', machine: 'vm-9' })).rejects.toThrow('no machine vm-9 was added');
    await expect(ask({ do: 'nonsense' } as unknown as ForwarderRequest)).rejects.toThrow('not a request');
  });

  test('gives its port up and takes it again, while connections stay', async () => {
    await start();
    await add('vm-1', await web('one'));
    await ask({ do: 'switch', machine: 'vm-1' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanUps.push(() => agent.destroy());
    await fetchText(agent);
    await ask({ do: 'listen', on: false });
    await expect(fetchText(false)).rejects.toThrow('ECONNREFUSED');
    expect(await fetchText(agent)).toBe('one');
    await ask({ do: 'listen', on: true });
    expect(await fetchText(false)).toBe('one');
  });
});

describe('ensureForwarder()', () => {
  test('starts one process, however often it is asked, and at the same time', async () => {
    await Promise.all([start(), start(), start()]);
    const pid = (await ask({ do: 'stat' }))?.pid;
    await start();
    expect((await ask({ do: 'stat' }))?.pid).toBe(pid);
  });

  test('waits for one that has the port, and that somebody else is just starting', async () => {
    const gate = join(stateDirectory, 'gate');
    const slow = join(folder, 'program/slow-forwarder.js');
    writeFileSync(slow, `(${heldUp})(${JSON.stringify(gate)});\n${readFileSync(forwarder, 'utf8')}`);
    // Not by start(), which gives it a minute.
    const cwd = join(stateDirectory, 'forwarders', `127.0.0.1-${endpoint.port}`);
    mkdirSync(cwd, { recursive: true });
    const first = spawn(process.execPath, [slow, JSON.stringify({ version: 1, ...endpoint, owner })], { cwd });
    cleanUps.push(() => first.kill('SIGKILL'));
    await until(async () => (await findPortHolder(endpoint))?.owner !== undefined);
    const tries = join(stateDirectory, 'tries');
    const counted = join(folder, 'program/counted-forwarder.js');
    const count = `require('node:fs').appendFileSync(${JSON.stringify(tries)}, 'x');\n`;
    writeFileSync(counted, count + readFileSync(forwarder, 'utf8'));
    const others = [start({ forwarder: counted }), start({ forwarder: counted })];
    // More often than they would try if somebody else had it.
    await Promise.race([until(() => existsSync(tries) && readFileSync(tries).length > 6), ...others]);
    writeFileSync(gate, '');
    await Promise.all(others);
    expect((await ask({ do: 'stat' }))?.pid).toBe(first.pid);
  });

  test('starts another, when the last one was killed', async () => {
    await start();
    const { pid = 0 } = (await ask({ do: 'stat' })) ?? {};
    kill(pid);
    await until(async () => (await identityOf(pid)) === undefined);
    expect(await ask({ do: 'stat' })).toBeUndefined();
    await start();
    expect((await ask({ do: 'stat' }))?.listening).toBe(true);
  });

  test('throws what the system says and leaves nothing, when somebody else holds the port', async () => {
    const holder = createTcpServer();
    await new Promise<void>((resolve) => holder.listen(endpoint.port, '127.0.0.1', resolve));
    cleanUps.push(() => holder.close());
    await expect(start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readdirSync(join(stateDirectory, 'forwarders'))).toEqual([]);
  });

  test('says why, when the program does not start', async () => {
    const parts = { forwarder: join(folder, 'missing.js') };
    await expect(start(parts)).rejects.toThrow('the forwarder did not start: exit status 1');
  });

  test('works in a folder whose path is longer than the address of a unix socket can be', async () => {
    stateDirectory = join(stateDirectory, 'x'.repeat(120));
    await start();
    expect((await ask({ do: 'stat' }))?.listening).toBe(true);
    expect(existsSync(join(stateDirectory, 'forwarders'))).toBe(true);
  });

  test.runIf(process.platform === 'linux')('starts a process that hangs on nothing of ours', async () => {
    await start();
    const { pid = 0 } = (await ask({ do: 'stat' })) ?? {};
    // proc(5): after the name come state, parent, process group and session; no environment, and no pipe to us.
    const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    expect([group, session]).toEqual([String(pid), String(pid)]);
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toBe('');
    expect(readlinkSync(`/proc/${pid}/fd/0`)).toBe('/dev/null');
  });
});
