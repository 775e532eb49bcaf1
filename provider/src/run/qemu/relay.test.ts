import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Relay } from './relay.js';
import { reservedPort } from './reserved-port.fixture.js';

// In this very process; what the forwarder's process does with it is shown by forwarder.test.ts.
const cleanUps: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** A port whose connections the relay takes, and those connections. */
async function published(relay: Relay): Promise<{ port: number; accepted: () => number }> {
  let count = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    count++;
    relay.accept(client);
  });
  cleanUps.push(() => server.close());
  return { port: await listen(server, 0), accepted: () => count };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function machine(): Server {
  const server = createServer((socket) => socket.on('error', () => {}).end('late'));
  cleanUps.push(() => server.close());
  return server;
}

/** All that is said on a connection to that port, or the code of its error. */
function heard(port: number): { socket: Socket; text: Promise<string> } {
  const socket = connect({ port, host: '127.0.0.1' });
  cleanUps.push(() => socket.destroy());
  const text = new Promise<string>((resolve) => {
    let said = '';
    socket.on('data', (piece) => {
      said += piece;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('end', () => resolve(said));
  });
  return { socket, text };
}

/** A connection of which the relay has found that no machine takes it yet. */
async function waiting(relay: Relay): Promise<{ text: Promise<string>; machinePort: number }> {
  const machinePort = await reservedPort();
  relay.switchTo([{ machine: 'vm-1', port: machinePort }]);
  const { port, accepted } = await published(relay);
  const { text } = heard(port);
  while (accepted() === 0) await sleep(5);
  await sleep(100);
  return { text, machinePort };
}

describe('Relay', () => {
  test('lets a new connection wait for a machine that does not listen yet', async () => {
    const { text, machinePort } = await waiting(new Relay({ dialLimitMs: 600_000 }));
    await listen(machine(), machinePort);
    expect(await text).toBe('late');
  });

  test('gives a connection up that no machine takes in time', async () => {
    const { text } = await waiting(new Relay({ dialLimitMs: 300 }));
    expect(await text).toBe('ECONNRESET');
  });

  test('lets one wait for a machine where there is none, until the same limit', async () => {
    const { port } = await published(new Relay({ dialLimitMs: 300 }));
    expect(await heard(port).text).toBe('ECONNRESET');
  });

  test('has not waited while its process did not get its turn', async () => {
    const { text, machinePort } = await waiting(new Relay({ dialLimitMs: 3000 }));
    // Everything here stands still, as on a busy host.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500);
    await listen(machine(), machinePort);
    expect(await text).toBe('late');
  });
});
