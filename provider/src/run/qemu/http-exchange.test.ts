import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HttpExchange } from './http-exchange.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0\r\n\r\n12345\r\n0\r\nX: y\r\n\r\n';

/** What the client says, then the machine, then the client …; the empty text is silence. */
function after(...pieces: string[]): HttpExchange {
  const exchange = new HttpExchange();
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece, 'latin1');
    if (bytes.length === 0) continue;
    if (index % 2 === 0) exchange.fromClient(bytes);
    else exchange.fromMachine(bytes);
  }
  return exchange;
}

describe('HttpExchange', () => {
  test.each<[string, string[], string]>([
    ['nothing was said', [], 'fresh'],
    ['a request waits', [GET], 'busy'],
    ['a length was reached', [GET, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'], 'between'],
    ['a length was not reached', [GET, 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello'], 'busy'],
    ['an empty body', [GET, 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'], 'between'],
    ['the last chunk came', [GET, CHUNKED], 'between'],
    ['the last chunk has not ended', [GET, CHUNKED.slice(0, -1)], 'busy'],
    ['HEAD has no body', ['HEAD / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'], 'between'],
    ['304 has no body', [GET, 'HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n'], 'between'],
    ['204 has no body', [GET, 'HTTP/1.1 204 None\r\n\r\n'], 'between'],
    ['a body was invited', ['POST / HTTP/1.1\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'body'], 'busy'],
    [
      'a body was invited and answered',
      ['POST / HTTP/1.1\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'body', 'HTTP/1.1 204 None\r\n\r\n'],
      'between',
    ],
    ['a second request', [GET, 'HTTP/1.1 204 None\r\n\r\n', GET], 'busy'],
    [
      'the connection ends with the answer',
      [GET, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'],
      'other',
    ],
    ['the body ends with the connection', [GET, 'HTTP/1.1 200 OK\r\n\r\nhello'], 'other'],
    ['HTTP/1.0', [GET, 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'], 'other'],
    ['an upgrade', [GET, 'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n'], 'other'],
    ['more than the answer', [GET, 'HTTP/1.1 204 None\r\n\r\nx'], 'other'],
    ['an answer that nobody asked for', ['', 'hello'], 'other'],
    ['the machine goes on by itself', [GET, 'HTTP/1.1 204 None\r\n\r\n', '', 'x'], 'other'],
    ['the client goes on with something else', [GET, 'HTTP/1.1 204 None\r\n\r\n', 'x'], 'other'],
    ['the client speaks while it is answered', [GET, 'HTTP/1.1 200 OK\r\nContent-', GET, 'Length: 0\r\n\r\n'], 'other'],
    ['a chunk without a size', [GET, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'], 'other'],
    ['an endless head', [GET, `HTTP/1.1 200 OK\r\n${'x'.repeat(70_000)}`], 'other'],
    ['TLS', ['\x16\x03\x01\x02\x00', '\x16\x03\x03'], 'tls'],
    ['HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 'other'],
    ['another protocol', ['EHLO a\r\n', '250 b\r\n'], 'other'],
  ])('is right, when %s', (_when, pieces, state) => {
    const exchange = after(...pieces);
    expect(exchange.state).toBe(state);
  });

  test('canMoveBefore() is true only before anything was said, or before a request that follows an answer', () => {
    const get = Buffer.from(GET);
    expect(after().canMoveBefore(Buffer.from('anything'))).toBe(true);
    expect(after(GET, CHUNKED).canMoveBefore(get)).toBe(true);
    expect(after(GET, CHUNKED).canMoveBefore(Buffer.from('more body'))).toBe(false);
    expect(after(GET).canMoveBefore(get)).toBe(false);
    expect(after('EHLO a\r\n').canMoveBefore(get)).toBe(false);
  });

  test('comes to the same, however the answer is cut into pieces', () => {
    const answers = fc.constantFrom(
      CHUNKED,
      'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello\r\n\r\n12',
      'HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx',
    );
    fc.assert(
      fc.property(answers, fc.array(fc.nat(100), { maxLength: 20 }), (answer, cuts) => {
        const exchange = after(GET);
        const at = [...new Set(cuts.map((cut) => cut % answer.length))].sort((a, b) => a - b);
        for (const [index, start] of [0, ...at].entries()) {
          const piece = answer.slice(start, at[index] ?? answer.length);
          expect(exchange.state).toBe('busy');
          if (piece !== '') exchange.fromMachine(Buffer.from(piece, 'latin1'));
        }
        expect(exchange.state).toBe('between');
      }),
    );
  });

  test('never throws, whatever it is given', () => {
    const piece = fc.tuple(
      fc.boolean(),
      fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...[GET, CHUNKED].map((t) => Buffer.from(t)))),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const exchange = new HttpExchange();
        for (const [client, bytes] of pieces) {
          if (client) exchange.fromClient(Buffer.from(bytes));
          else exchange.fromMachine(Buffer.from(bytes));
        }
      }),
    );
  });
});
