/**
 * The program that holds one published port. It outlives the command that started it and every machine that it leads
 * to but the last: `node forwarder.js <ForwarderArgument as JSON>`, with its own folder as working directory.
 */
import { rmdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import {
  CONTROL_SOCKET,
  type ForwarderAnswer,
  type ForwarderArgument,
  type ForwarderGreeting,
  type ForwarderRequest,
  type ForwarderStat,
  LOG_FILE,
  type PortOwner,
} from './forwarder-protocol.js';
import { LineStream } from './line-stream.js';
import { isAlive, type ProcessIdentity } from './process-identity.js';
import { Relay, type Target } from './relay.js';

const BACKLOG = 1024;
const MAX_REQUEST_BYTES = 1 << 16;
/** How soon a machine that died by itself is forgotten, and with the last one the port given up. */
const WATCH_MS = 1000;
/** Between a forwarder's start and its first machine lie milliseconds; on a busy host seconds. */
const UNUSED_MS = 300_000;
/** What was sent to clients when the last machine goes still has this long to leave. */
const FAREWELL_MS = 500;
/** Errors that nobody expected are written down, but not for ever. */
const MAX_LOGGED_ERRORS = 100;

interface Machine extends Target {
  readonly process: ProcessIdentity;
  /** Whether it takes turns with others; once released, no connection comes back to such a one. */
  joined?: boolean;
}

class Forwarder {
  readonly #argument: ForwarderArgument;
  readonly #relay = new Relay();
  readonly #machines = new Map<string, Machine>();
  #server: Server | undefined;
  #opening: Promise<void> | undefined;
  #ended = false;

  constructor(argument: ForwarderArgument) {
    this.#argument = argument;
  }

  /** Takes the port. @throws the system's error, such as EADDRINUSE. */
  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    // Several machines of a fleet come at once.
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  async #open(): Promise<void> {
    const { address, port } = this.#argument;
    const server = createServer({ allowHalfOpen: true }, (client) => this.#relay.accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port, backlog: BACKLOG, exclusive: true }, resolve);
    });
    if (this.#ended) server.close();
    else this.#server = server;
  }

  /** Undefined once it has ended: whoever asks then is told nothing, as if it had come a moment later. */
  async answer(request: ForwarderRequest): Promise<ForwarderAnswer | undefined> {
    if (this.#ended) return undefined;
    try {
      await this.#do(request);
      // What came while the last of the others went is nobody's.
      if (this.#ended && request.do === 'add') return undefined;
      return { ok: true, stat: this.#stat() };
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Machines that died by themselves; and this forwarder, if whoever started it never gave it a machine. */
  async forgetTheDead(): Promise<void> {
    if (this.#machines.size === 0 && process.uptime() * 1000 > UNUSED_MS) this.#end();
    for (const { machine, process: qemu } of [...this.#machines.values()]) {
      // What cannot be found out, with so many connections that no file can be opened, is no reason to end them all.
      if (!(await isAlive(qemu).catch(() => true))) this.#remove(machine);
    }
  }

  async #do(request: ForwarderRequest): Promise<void> {
    switch (request.do) {
      case 'stat':
        return;
      case 'add':
        requireSame(this.#argument.owner, request.owner);
        await this.listen();
        // The same again stays the same, with its connections.
        if (this.#machines.get(request.machine)?.port !== request.port) this.#machines.set(request.machine, request);
        return;
      case 'switch':
        this.#relay.switchTo([this.#known(request.machine)]);
        return;
      case 'join': {
        const machine = this.#known(request.machine);
        machine.joined = true;
        if (!this.#relay.active.includes(machine)) this.#relay.switchTo([...this.#relay.active, machine]);
        return;
      }
      case 'release':
        this.#release(request.machine);
        return;
      case 'remove':
        this.#remove(request.machine);
        return;
      case 'listen':
        if (request.on) await this.listen();
        else this.#closePort();
        return;
      default:
        throw new Error('not a request');
    }
  }

  #known(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`no machine ${name} was added`);
    return machine;
  }

  #release(machine: string): void {
    const others = this.#relay.active.filter((other) => other.machine !== machine);
    if (others.length === this.#relay.active.length) return;
    // Where an update was interrupted, its new machine goes and the last one is still there.
    const last = [...this.#machines.values()].filter((other) => other.machine !== machine && !other.joined).at(-1);
    const next = others.length === 0 && last !== undefined ? [last] : others;
    this.#relay.switchTo(next);
    if (next.length > 0) return;
    this.#closePort();
    this.#relay.endIdle();
  }

  #remove(machine: string): void {
    this.#release(machine);
    this.#machines.delete(machine);
    this.#relay.endAll(machine);
    if (this.#machines.size === 0) this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    // The folder first: once the port is free another forwarder may start, and this is its folder, too.
    for (const file of [CONTROL_SOCKET, LOG_FILE]) rmSync(file, { force: true });
    try {
      rmdirSync(process.cwd());
    } catch {
      // It is not ours alone, or already gone.
    }
    this.#closePort();
    setTimeout(() => process.exit(0), FAREWELL_MS);
  }

  #closePort(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #stat(): ForwarderStat {
    const { address, port, owner } = this.#argument;
    const { active } = this.#relay;
    return {
      version: 1,
      pid: process.pid,
      address,
      port,
      owner,
      listening: this.#server !== undefined,
      active: active.at(-1)?.machine ?? null,
      machines: [...this.#machines.values()].map((known) => {
        const { machine, port } = known;
        return { machine, port, connections: this.#relay.connectionsOf(machine), isActive: active.includes(known) };
      }),
    };
  }
}

function requireSame(owner: PortOwner, other: PortOwner): void {
  if (owner.urn !== other.urn || owner.project !== other.project) throw new Error(`the port belongs to ${owner.urn}`);
}

function serveControl(forwarder: Forwarder, socket: Socket): void {
  const lines = new LineStream(MAX_REQUEST_BYTES);
  socket.on('error', () => {});
  socket.on('data', async (piece: Buffer) => {
    for (const line of lines.push(piece)) {
      const request = parse(line);
      const answer = request ? await forwarder.answer(request) : { ok: false, error: 'not JSON' };
      if (answer === undefined) socket.destroy();
      if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
    }
  });
}

function parse(line: string): ForwarderRequest | undefined {
  try {
    return JSON.parse(line) as ForwarderRequest;
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  const argument = JSON.parse(process.argv[2] ?? '') as ForwarderArgument;
  const forwarder = new Forwarder(argument);
  try {
    await forwarder.listen();
    // Whoever holds the port holds the folder: what is left there is of one that was killed.
    rmSync(CONTROL_SOCKET, { force: true });
    await new Promise<void>((resolve, reject) => {
      const control = createServer((socket) => serveControl(forwarder, socket));
      control.once('error', reject);
      control.listen(CONTROL_SOCKET, resolve);
    });
    await greet({ listening: true });
  } catch (error) {
    await greet({ listening: false, code: (error as NodeJS.ErrnoException).code ?? String(error) });
    process.exit(1);
  }

  let logged = 0;
  process.on('uncaughtException', (error) => {
    if (logged++ < MAX_LOGGED_ERRORS) process.stderr.write(`${error.stack}\n`);
  });
  process.on('SIGHUP', () => {});
  setInterval(() => void forwarder.forgetTheDead(), WATCH_MS);
}

function greet(greeting: ForwarderGreeting): Promise<void> {
  // Whoever asked may be gone by now.
  process.stdout.on('error', () => {});
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(greeting)}\n`, () => resolve()));
}

if (require.main === module) void main();
