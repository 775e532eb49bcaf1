import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give by themselves to whoever connects or listens (from 32768 on Linux, from 49152
 * elsewhere): one of those can be anybody's by the time that it is needed.
 */
const [FIRST, END] = [20_000, 32_000];
/** Vitest numbers the files that run beside each other from 1; each has ports of its own. */
const SLOTS = 4;
const slot = Number(process.env.VITEST_POOL_ID ?? 0) % SLOTS;
const given = new Set<number>();

/** A TCP port of the loopback address that nothing listens on, and that nobody but who asks is given. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = FIRST + slot + SLOTS * randomInt((END - FIRST) / SLOTS);
    if (given.has(port) || !(await canListen(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`No port from ${FIRST} on is free`);
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
