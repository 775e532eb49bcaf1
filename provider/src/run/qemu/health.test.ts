import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { askOnce, httpAttempt, isEstablished, tcpAttempt, untilHealthy } from './health.js';
import { reservedPort } from './reserved-port.fixture.js';

const cleanUps: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});
const never = new AbortController().signal;

async function web(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function tcp(listener: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    listener(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('httpAttempt()', () => {
  const asked = async (status: number, wanted?: number): Promise<string | undefined> => {
    const port = await web((request, answer) => {
      answer.writeHead(request.url === '/health' && request.headers.host === 'a:1' ? status : 500);
      answer.end('x'.repeat(1 << 20));
    });
    const check = { port: 80, path: '/health', ...(wanted ? { status: wanted } : {}) };
    return httpAttempt(check, { port, host: 'a:1' })(never);
  };

  test.each([
    [200, undefined, undefined],
    [302, undefined, undefined],
    [404, undefined, 'it answers HTTP 404, not 200 to 399'],
    [404, 404, undefined],
    [200, 204, 'it answers HTTP 200, not 204'],
  ])('of an answer %s where %s is wanted says %s', async (status, wanted, problem) => {
    expect(await asked(status, wanted)).toBe(problem);
  });

  test('says what is wrong, when there is no answer', async () => {
    const refused = httpAttempt({ port: 80 }, { port: await reservedPort(), host: 'a' });
    expect(await refused(never)).toBe('it refuses connections');
    const silent = httpAttempt({ port: 80 }, { port: await tcp(() => {}), host: 'a' });
    expect(await silent(AbortSignal.timeout(100))).toBe('it does not answer');
    const other = httpAttempt({ port: 80 }, { port: await tcp((socket) => socket.end('220 mail\r\n')), host: 'a' });
    expect(await other(never)).toMatch(/^it answers with something else/);
  });
});

describe('tcpAttempt()', () => {
  test('is content with a word of the guest, or with QEMU saying that the guest took the connection', async () => {
    const speaks = await tcp((socket) => socket.write('hello'));
    expect(await tcpAttempt(speaks, async () => false)(never)).toBeUndefined();
    let asked = 0;
    const silent = await tcp(() => {});
    expect(await tcpAttempt(silent, async () => ++asked === 3)(never)).toBeUndefined();
  });

  test('is not content with a connection that only QEMU took', async () => {
    const silent = await tcp(() => {});
    expect(await tcpAttempt(silent, async () => false)(AbortSignal.timeout(300))).toBe('it does not answer');
    const closes = await tcp((socket) => setTimeout(() => socket.end(), 50));
    expect(await tcpAttempt(closes, async () => false)(never)).toBe('it closes connections');
  });
});

test('askOnce() ends a question that nobody answers', async () => {
  const unanswered = (signal: AbortSignal) =>
    new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason.name)));
  expect(await askOnce(unanswered, { signal: never, limitMs: 20 })).toBe('TimeoutError');
  expect(await askOnce(async () => undefined, { signal: never, limitMs: 20 })).toBeUndefined();
});

describe('untilHealthy()', () => {
  test('is not held up by a first attempt that is never answered', async () => {
    let asked = 0;
    const port = await web((_, answer) => {
      if (++asked >= 3) answer.end();
    });
    await untilHealthy(httpAttempt({ port: 80 }, { port, host: 'a' }), { signal: never, failed: () => {} });
    // Or more: on a busy host the next question goes out before the answer is in.
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  test('asks rarely before an answer is likely, and at once when it is', async () => {
    let up = false;
    const asked: boolean[] = [];
    const attempt = (signal: AbortSignal): Promise<string | undefined> => {
      asked.push(up);
      if (up) return Promise.resolve(undefined);
      // As a guest without a network: who has asked too early hears nothing, however long it waits.
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('nothing')));
    };
    const likely = new Promise<void>((resolve) => {
      setTimeout(() => {
        up = true;
        resolve();
      }, 2500);
    });
    await untilHealthy(attempt, { signal: never, failed: () => {}, likely });
    expect(asked.at(-1)).toBe(true);
    expect(asked.length).toBeLessThan(4);
  });

  test('asks until there is an answer where nobody says that one is likely', async () => {
    let asked = 0;
    const attempt = async (): Promise<string | undefined> => (++asked === 12 ? undefined : 'not yet');
    await untilHealthy(attempt, { signal: never, failed: () => {}, likely: undefined });
    expect(asked).toBe(12);
    const likely = new Promise<void>(() => {});
    await untilHealthy(async () => undefined, { signal: never, failed: () => {}, likely });
  });

  test('reports failures, and stops asking when it is aborted', async () => {
    const end = new AbortController();
    const failures: string[] = [];
    let asked = 0;
    const attempt = async (): Promise<string> => `no ${++asked}`;
    const failed = (why: string): void => {
      if (failures.push(why) === 2) end.abort();
    };
    const healthy = untilHealthy(attempt, { signal: end.signal, failed });
    const outcome = await Promise.race([healthy, new Promise((resolve) => setTimeout(resolve, 800, 'waiting'))]);
    expect([outcome, failures, asked]).toEqual(['waiting', ['no 1', 'no 2'], 2]);
  });
});

test('isEstablished() finds a connection of the port that the guest has accepted', () => {
  const table = (state: string): string =>
    'Hub -1 (n0):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n' +
    `  TCP[${state}]     16       127.0.0.1 18080       10.0.2.15    80     0     0\r\n` +
    '  TCP[HOST_FORWARD]  12       127.0.0.1 18080       10.0.2.15    80     0     0\r\n';
  expect(isEstablished(table('ESTABLISHED'), 18080)).toBe(true);
  expect(isEstablished(table('ESTABLISHED'), 80)).toBe(false);
  expect(isEstablished(table('SYN_SENT'), 18080)).toBe(false);
});
