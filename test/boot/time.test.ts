import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { GuestMachine, HANGS_MS } from './guest-machine.js';

/** Seconds from 1900, as NTP counts (RFC 5905, section 6), to 1970. */
const NTP_EPOCH = 2_208_988_800;

/** Answers as a time server that is one from an atomic clock (RFC 5905, figure 8). Undefined where the port is not ours. */
async function timeServer(): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  socket.on('message', (request, { address, port }) => {
    const seconds = Date.now() / 1000 + NTP_EPOCH;
    const answer = Buffer.alloc(48);
    // No leap second, version 4, a server; stratum 2.
    answer.set([0x24, 2, request.readUInt8(2), 0xec]);
    answer.write('TEST', 12);
    // What the client says of itself comes back.
    request.copy(answer, 24, 40, 48);
    for (const at of [16, 32, 40]) {
      answer.writeUInt32BE(Math.floor(seconds), at);
      answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32), at + 4);
    }
    socket.send(answer, port, address);
  });
  return new Promise((resolve) => {
    socket.once('error', () => resolve(undefined));
    socket.bind(123, '127.0.0.1', () => resolve(socket));
  });
}

describe('time', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64'));

  test('is set by a time server of the spec, however wrong the hardware is', async (context) => {
    const server = await timeServer();
    // It must be at the port of NTP, for the machine knows no other.
    if (server === undefined) skipBecause(context, 'port 123 of this machine is not ours');
    try {
      const image = await imageOf({
        // What QEMU calls the host.
        ntp: ['10.0.2.2'],
        services: [
          script('clock', 'while :; do date +%Y >/run/year; sleep 0.5; done', { binds: ['/run:/run'] }),
          script('web', 'exec busybox httpd -f -p 80 -h /run', {
            binds: ['/run:/run'],
            capabilities: ['CAP_NET_BIND_SERVICE'],
          }),
        ],
      });
      await using machine = await GuestMachine.start(image, { devices: ['-rtc', 'base=2021-06-01T00:00:00'] });
      expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
      const year = `${new Date().getUTCFullYear()}\n`;
      await expect.poll(() => machine.get('/year'), { timeout: HANGS_MS, interval: 500 }).toBe(year);
      expect(await machine.get('/log/ntpd.log')).toMatch(/set local clock/);
    } finally {
      server.close();
    }
  });
});
