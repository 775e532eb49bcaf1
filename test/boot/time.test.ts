import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { missingPrograms, skipAllBecause, skipBecause } from '../skip.js';
import { imageOf, script } from './guest-image.js';
import { GuestMachine, HANGS_MS } from './guest-machine.js';

/** Seconds from 1900, as NTP counts (RFC 5905, section 6), to 1970. */
const NTP_EPOCH = 2_208_988_800;

/** One that is one from an atomic clock (RFC 5905, figure 8), at the port of NTP, since a machine knows no other. */
class TimeServer implements Disposable {
  answers = true;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (request, { address, port }) => {
      if (this.answers) socket.send(answerTo(request), port, address);
    });
  }

  /** Undefined where the port is not ours. */
  static async start(): Promise<TimeServer | undefined> {
    const socket = createSocket('udp4');
    return new Promise((resolve) => {
      socket.once('error', () => resolve(undefined));
      socket.bind(123, '127.0.0.1', () => resolve(new TimeServer(socket)));
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

function answerTo(request: Buffer): Buffer {
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
  return answer;
}

/** What QEMU calls the host. */
const SPEC = {
  ntp: ['10.0.2.2'],
  services: [
    script('clock', 'while :; do date +%Y >/run/year; sleep 0.5; done', { binds: ['/run:/run'] }),
    script('web', 'exec busybox httpd -f -p 80 -h /run', {
      binds: ['/run:/run'],
      capabilities: ['CAP_NET_BIND_SERVICE'],
    }),
  ],
};

describe('time', () => {
  skipAllBecause(missingPrograms('qemu-system-x86_64'));

  test('is set by a time server of the spec, however wrong the hardware is, and however late the answer', async (context) => {
    using server = await TimeServer.start();
    if (server === undefined) skipBecause(context, 'port 123 of this machine is not ours');
    const image = await imageOf(SPEC);
    const thisYear = new Date().getUTCFullYear();
    for (const isLate of [false, true]) {
      server.answers = !isLate;
      await using machine = await GuestMachine.start(image, { devices: ['-rtc', 'base=2021-06-01T00:00:00'] });
      expect(await machine.report(), await machine.console()).toMatchObject({ ingot: 'ready' });
      const log = async () => (await machine.get('/log/ntpd.log')) + (await machine.get('/log/ntpd.log.1'));
      const said = () => expect.poll(log, { timeout: HANGS_MS, interval: 500 });
      if (isLate) await said().toContain('skipping initial time setting');
      server.answers = true;
      await said().toContain('set local clock');
      const year = async () => Number(await machine.get('/year'));
      await expect.poll(year, { timeout: HANGS_MS, interval: 500 }).toBeGreaterThanOrEqual(thisYear);
    }
  });
});
