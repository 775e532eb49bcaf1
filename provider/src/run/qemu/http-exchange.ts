/** No head of a request's answer is longer. */
const MAX_HEAD_BYTES = 1 << 16;
const CRLF = Buffer.from('\r\n');
const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** RFC 9112 section 3: a request begins with its method; the ones after which a connection can be used again. */
const REQUEST = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [/*h]/;
/** RFC 8446 section 5.1: a record of type handshake, which every TLS connection begins with. */
const TLS_HANDSHAKE = 0x16;

export type ExchangeState =
  /** Nothing was said yet. */
  | 'fresh'
  /** A request was sent, its answer has not ended. */
  | 'busy'
  /** An answer has ended; the next request may follow on the same connection. */
  | 'between'
  | 'tls'
  /** Another protocol, or HTTP in a form of which the end is not known. */
  | 'other';

/**
 * Follows the bytes of one connection, changing nothing, to know whether it is between two HTTP/1.1 exchanges: only
 * there can a connection go on with another machine. Whatever is unusual ends in `other`.
 */
export class HttpExchange {
  #state: ExchangeState = 'fresh';
  #method = '';
  /** The client said more after the answer began: a body that nobody waited for, or the next request too early. */
  #ahead = false;
  #answer: 'head' | 'length' | 'chunk-size' | 'chunk' | 'trailers' = 'head';
  #head: Buffer = Buffer.alloc(0);
  #leftBytes = 0;

  get state(): ExchangeState {
    return this.#state;
  }

  /** Whether a connection can go on with another machine from these bytes of the client on. */
  canMoveBefore(piece: Buffer): boolean {
    return this.#state === 'fresh' || (this.#state === 'between' && methodOf(piece) !== undefined);
  }

  fromClient(piece: Buffer): void {
    if (this.#state === 'busy') {
      this.#ahead ||= this.#answer !== 'head' || this.#head.length > 0;
      return;
    }
    if (this.#state !== 'fresh' && this.#state !== 'between') return;
    const method = methodOf(piece);
    if (method !== undefined) {
      this.#state = 'busy';
      this.#method = method;
      this.#ahead = false;
      this.#answer = 'head';
    } else {
      this.#state = this.#state === 'fresh' && piece[0] === TLS_HANDSHAKE ? 'tls' : 'other';
    }
  }

  fromMachine(piece: Buffer): void {
    if (this.#state === 'tls' || this.#state === 'other') return;
    if (this.#state !== 'busy') {
      this.#state = 'other';
      return;
    }
    let rest = piece;
    while (rest.length > 0 && this.state === 'busy') rest = this.#take(rest);
    if (rest.length > 0) this.#state = 'other';
  }

  /** Takes what belongs to the present part of the answer and gives back the rest. */
  #take(piece: Buffer): Buffer {
    if (this.#answer === 'length' || this.#answer === 'chunk') {
      const taken = Math.min(this.#leftBytes, piece.length);
      this.#leftBytes -= taken;
      if (this.#leftBytes === 0) {
        if (this.#answer === 'length') this.#end();
        else this.#answer = 'chunk-size';
      }
      return piece.subarray(taken);
    }
    const separator = this.#answer === 'head' ? END_OF_HEAD : CRLF;
    const before = this.#head.length;
    const head = Buffer.concat([this.#head, piece]);
    const end = head.indexOf(separator);
    if (end < 0) {
      this.#head = head;
      if (head.length > MAX_HEAD_BYTES) this.#state = 'other';
      return piece.subarray(piece.length);
    }
    this.#head = Buffer.alloc(0);
    const text = head.toString('latin1', 0, end);
    if (this.#answer === 'head') this.#readHead(text);
    else if (this.#answer === 'chunk-size') this.#readChunkSize(text);
    else if (text === '') this.#end();
    return piece.subarray(end + separator.length - before);
  }

  /** RFC 9112 section 6.3: how long the body of an answer is. */
  #readHead(text: string): void {
    const [first = '', ...lines] = text.split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    const header = (name: string): string | undefined =>
      lines
        .find((line) => line.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim()
        .toLowerCase();
    if (!(status >= 100) || status === 101 || header('connection') === 'close') {
      this.#state = 'other';
    } else if (status < 200) {
      this.#answer = 'head';
    } else if (this.#method === 'HEAD' || status === 204 || status === 304) {
      this.#end();
    } else if (header('transfer-encoding') === 'chunked') {
      this.#answer = 'chunk-size';
    } else if (/^\d{1,15}$/.test(header('content-length') ?? '')) {
      this.#answer = 'length';
      this.#leftBytes = Number(header('content-length'));
      if (this.#leftBytes === 0) this.#end();
    } else {
      this.#state = 'other';
    }
  }

  /** RFC 9112 section 7.1: the size in hexadecimal, perhaps extensions; the last chunk has size 0. */
  #readChunkSize(text: string): void {
    const digits = /^([0-9a-fA-F]{1,12})(?:[ \t]*;.*)?$/.exec(text)?.[1];
    if (digits === undefined) {
      this.#state = 'other';
      return;
    }
    const sizeBytes = Number.parseInt(digits, 16);
    this.#answer = sizeBytes === 0 ? 'trailers' : 'chunk';
    this.#leftBytes = sizeBytes + CRLF.length;
  }

  #end(): void {
    this.#state = this.#ahead ? 'other' : 'between';
  }
}

function methodOf(piece: Buffer): string | undefined {
  return REQUEST.exec(piece.toString('latin1', 0, 16))?.[1];
}
