import { connect, type Socket } from 'node:net';
import { HttpExchange } from './http-exchange.js';

/** How long a new connection waits for a machine that takes it: a switch, or a machine that is just busy. */
const DIAL_LIMIT_MS = 10_000;
const DIAL_AGAIN_MS = 20;
/**
 * A connection within the host is made at once or not at all: QEMU's queue of new ones is very short, and the kernel
 * would try again only after a second. So we try again, much sooner.
 */
const DIAL_PATIENCE_MS = 50;
/** How long a connection to a machine that is to end must be silent between two HTTP exchanges to be taken from it. */
const IDLE_MS = 300;
/** The same for TLS, where nobody can see whether an answer has ended. */
const IDLE_TLS_MS = 3000;
const SWEEP_MS = 100;
/** Finds clients that went away without a word. */
const KEEP_ALIVE_MS = 60_000;

/** What waits looks up at least as often. */
const LOOK_UP_MS = 250;

export interface Target {
  readonly machine: string;
  /** Port on the loopback address. */
  readonly port: number;
}

/**
 * Joins connections of clients with machines. Losing none is the point: a connection goes to a machine that is active
 * when it can be made; one that lies between two HTTP exchanges when its machine is no longer active goes on with an
 * active one, unnoticed by the client; every other stays with its machine until one side ends it.
 */
export class Relay {
  /** How long a new connection waits for a machine that takes it. */
  readonly dialLimitMs: number;
  readonly #links = new Set<Link>();
  readonly #waiting = new Set<() => void>();
  #active: readonly Target[] = [];
  #turn = 0;
  #sweeper: NodeJS.Timeout | undefined;

  constructor({ dialLimitMs = DIAL_LIMIT_MS }: { readonly dialLimitMs?: number } = {}) {
    this.dialLimitMs = dialLimitMs;
  }

  /** Machines that new connections go to, one after the other; none lets them wait. */
  get active(): readonly Target[] {
    return this.#active;
  }

  /** The active machine whose turn it is. */
  next(): Target | undefined {
    return this.#active[this.#turn++ % Math.max(1, this.#active.length)];
  }

  /** Whether a connection has to leave this machine, because another one is there to take it. */
  isStale(target: Target | undefined): boolean {
    return this.#active.length > 0 && (target === undefined || !this.#active.includes(target));
  }

  accept(client: Socket): void {
    const link = new Link(client, this);
    this.#links.add(link);
    client.once('close', () => this.#links.delete(link));
    link.dial();
  }

  /** Connections that the machine still serves. */
  connectionsOf(machine: string): number {
    let count = 0;
    for (const link of this.#links) if (link.target?.machine === machine) count++;
    return count;
  }

  switchTo(targets: readonly Target[]): void {
    this.#active = targets;
    for (const wake of [...this.#waiting]) wake();
    // After what has come meanwhile was read: a process that did not get its turn for a while has not heard silence.
    this.#sweeper ??= setInterval(() => setImmediate(() => this.#sweep()), SWEEP_MS);
  }

  /** Ends every connection that lies between two exchanges: nobody will answer on it any more. */
  endIdle(): void {
    for (const link of this.#links) link.endIfIdle();
  }

  endAll(machine: string): void {
    for (const link of this.#links) if (link.target?.machine === machine) link.destroy();
  }

  /** Resolves at the next switch, or when the time is over. */
  whenSwitched(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.#waiting.add(wake);
    });
  }

  #sweep(): void {
    let left = false;
    for (const link of this.#links) {
      if (link.target === undefined || this.#active.includes(link.target)) continue;
      link.leaveIfIdle();
      left = true;
    }
    if (left) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

/** One client's connection, and the one to a machine that serves it at the moment. */
class Link {
  readonly #client: Socket;
  readonly #relay: Relay;
  #machine: Socket | undefined;
  #target: Target | undefined;
  #exchange = new HttpExchange();
  #dialling = false;
  /** Of the client's, said before there was a machine to say it to. */
  #held: Buffer | undefined;
  #lastByteMs = performance.now();
  #clientEnded = false;

  constructor(client: Socket, relay: Relay) {
    this.#client = client;
    this.#relay = relay;
    client.setNoDelay(true);
    client.setKeepAlive(true, KEEP_ALIVE_MS);
    client.on('data', (piece: Buffer) => this.#fromClient(piece));
    client.on('end', () => {
      this.#clientEnded = true;
      if (this.#machine !== undefined) this.#machine.end();
      else if (!this.#dialling) client.end();
    });
    client.on('drain', () => this.#machine?.resume());
    client.on('error', () => {});
    client.on('close', () => this.#leave());
  }

  get target(): Target | undefined {
    return this.#target;
  }

  /** Connects to whichever machine is active and takes it, again and again until the limit. The client waits unread meanwhile. */
  dial(): void {
    this.#dialling = true;
    this.#client.pause();
    void this.#connect().then((connected) => {
      this.#dialling = false;
      if (!connected) this.#client.resetAndDestroy();
    });
  }

  async #connect(): Promise<boolean> {
    let waitedMs = 0;
    while (!this.#client.destroyed) {
      if (waitedMs >= this.#relay.dialLimitMs) return false;
      const beganMs = performance.now();
      const target = this.#relay.next();
      const machine = target && (await dialOnce(target.port));
      if (target !== undefined && machine !== undefined && this.#relay.active.includes(target)) {
        this.#join(target, machine);
        return true;
      }
      machine?.destroy();
      await this.#relay.whenSwitched(target === undefined ? LOOK_UP_MS : DIAL_AGAIN_MS);
      // Nothing was waited for while this process did not get its turn.
      waitedMs += Math.min(performance.now() - beganMs, LOOK_UP_MS);
    }
    return true;
  }

  #join(target: Target, machine: Socket): void {
    if (this.#client.destroyed) {
      machine.destroy();
      return;
    }
    this.#target = target;
    this.#machine = machine;
    this.#exchange = new HttpExchange();
    this.#lastByteMs = performance.now();
    machine.on('data', (piece: Buffer) => {
      this.#lastByteMs = performance.now();
      this.#exchange.fromMachine(piece);
      if (!this.#client.write(piece)) machine.pause();
    });
    machine.on('drain', () => this.#client.resume());
    machine.on('end', () => this.#machineEnded());
    machine.on('close', (failed) => {
      if (failed) this.#client.resetAndDestroy();
      else if (this.#machine === machine) this.#client.destroySoon();
    });
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#toMachine(held);
    if (this.#clientEnded) machine.end();
    if (!machine.writableNeedDrain) this.#client.resume();
  }

  #fromClient(piece: Buffer): void {
    this.#lastByteMs = performance.now();
    const stale = this.#relay.isStale(this.#target);
    if (this.#machine === undefined || (stale && this.#exchange.canMoveBefore(piece))) {
      this.#leave();
      this.#held = this.#held === undefined ? piece : Buffer.concat([this.#held, piece]);
      if (!this.#dialling) this.dial();
      return;
    }
    this.#toMachine(piece);
  }

  #toMachine(piece: Buffer): void {
    this.#exchange.fromClient(piece);
    if (this.#machine?.write(piece) === false) this.#client.pause();
  }

  /** An old machine that ends gives its idle connections up; the client need not know. */
  #machineEnded(): void {
    if (this.#exchange.state === 'between' && this.#relay.isStale(this.#target)) this.#leave();
    else this.#client.end();
  }

  /** Parts from the machine; the client stays, and its next request finds another. */
  #leave(): void {
    const machine = this.#machine;
    this.#machine = undefined;
    this.#target = undefined;
    machine?.removeAllListeners('data').removeAllListeners('end').removeAllListeners('close');
    machine?.destroy();
  }

  leaveIfIdle(): void {
    const silentMs = performance.now() - this.#lastByteMs;
    const { state } = this.#exchange;
    if (silentMs < IDLE_MS || this.#dialling || this.#clientEnded) return;
    if (state === 'between') {
      this.#leave();
      this.#client.resume();
    } else if (state === 'fresh' && this.#relay.active.length > 0) {
      // Some protocols let the server speak first, so there must be one.
      this.#leave();
      this.dial();
    } else if (state === 'tls' && silentMs >= IDLE_TLS_MS) {
      this.destroy();
    }
  }

  endIfIdle(): void {
    const { state } = this.#exchange;
    if (this.#machine === undefined || state === 'between' || state === 'fresh') this.destroy();
  }

  destroy(): void {
    this.#client.destroySoon();
    this.#leave();
  }
}

/** Undefined if the machine does not take the connection at once. */
function dialOnce(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    let pending = true;
    const done = (connected: boolean): void => {
      if (!pending) return;
      pending = false;
      clearTimeout(timer);
      socket.removeAllListeners('connect');
      if (!connected) socket.destroy();
      resolve(connected ? socket : undefined);
    };
    // After what has happened meanwhile was heard: this process may not have had its turn for as long.
    const timer = setTimeout(() => setImmediate(() => done(false)), DIAL_PATIENCE_MS);
    socket.once('connect', () => done(true));
    socket.on('error', () => done(false));
  });
}
