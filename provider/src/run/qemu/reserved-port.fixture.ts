import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give by themselves to whoever connects or listens (from 32768 on Linux, from 49152
 * elsewhere), and apart from those of tests across packages and of recorded states (18123): nobody else asks for these.
 */
const [FIRST, END] = [14_000, 18_000];
const TRIES = 1000;

/**
 * A TCP port of the loopback address that nothing listens on until whoever asks does. It is this process's for as long
 * as it runs: the UDP port of the same number is held, which no other process that asks here can have then.
 */
export async function reservedPort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FIRST, END);
    if (!(await hold(port))) continue;
    if (await canListen(port)) return port;
  }
  throw new Error(`No port from ${FIRST} to ${END} is free`);
}

async function hold(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    const held = once(socket, 'listening');
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await held;
    socket.unref();
    return true;
  } catch {
    return false;
  }
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    // On all addresses: machines are published on those, too.
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
