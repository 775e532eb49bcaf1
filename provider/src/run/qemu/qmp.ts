import type { Socket } from 'node:net';
import { LineStream } from './line-stream.js';
import { connectUnix } from './unix-socket.js';

/** No answer that we ask for is near this. */
const MAX_LINE_BYTES = 1 << 20;
/** QEMU answers within milliseconds; on a host that swaps, or waits for its disk, within seconds. */
const ANSWER_LIMIT_MS = 20_000;

/**
 * QEMU's machine protocol (QMP specification): JSON lines over a unix socket. QEMU serves one client at a time and
 * leaves others waiting, so everything has a time limit.
 */
export class Qmp {
  readonly #socket: Socket;
  readonly #lines = new LineStream(MAX_LINE_BYTES);
  readonly #waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => {
      for (const line of this.#lines.push(piece)) this.#take(line);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#fail(new Error('the connection to QEMU was closed')));
  }

  /** @throws where nobody listens, or QEMU does not answer in time. */
  static async connect(folder: string): Promise<Qmp> {
    const qmp = new Qmp(await connectUnix(folder, 'qmp.sock'));
    try {
      // QMP section 4: nothing but this is allowed before the capabilities are negotiated; the greeting needs no answer.
      await qmp.execute('qmp_capabilities');
      return qmp;
    } catch (error) {
      qmp.close();
      throw error;
    }
  }

  async execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    let answered = false;
    const late = (): void => {
      if (answered) return;
      this.#fail(new Error(`QEMU did not answer ${command} within ${ANSWER_LIMIT_MS} ms`));
      this.#socket.destroy();
    };
    // After what has come meanwhile was read: this process may not have had its turn for as long.
    const timer = setTimeout(() => setImmediate(late), ANSWER_LIMIT_MS);
    if (this.#socket.destroyed) this.#fail(new Error('the connection to QEMU was closed'));
    else this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    try {
      return await answer;
    } finally {
      answered = true;
      clearTimeout(timer);
    }
  }

  /** The text that QEMU's monitor for people gives. */
  async monitor(commandLine: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': commandLine }));
  }

  async uuid(): Promise<string> {
    const { UUID } = (await this.execute('query-uuid')) as { UUID?: unknown };
    return String(UUID);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Answers come in the order of the commands; events and the greeting come between and are not for us. */
  #take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#fail(new Error('QEMU answered with something that is not JSON'));
      return;
    }
    if (typeof message !== 'object' || message === null) return;
    if ('return' in message) this.#waiting.shift()?.resolve(message.return);
    if ('error' in message) {
      const { desc } = message.error as { desc?: unknown };
      this.#waiting.shift()?.reject(new Error(String(desc)));
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Runs one conversation with the machine of that uuid; undefined if nobody answers, or another machine does. */
export async function withQmp<Result>(
  machine: { readonly folder: string; readonly uuid: string },
  talk: (qmp: Qmp) => Promise<Result>,
): Promise<Result | undefined> {
  const qmp = await Qmp.connect(machine.folder).catch(() => undefined);
  if (qmp === undefined) return undefined;
  try {
    return (await qmp.uuid()) === machine.uuid ? await talk(qmp) : undefined;
  } catch {
    return undefined;
  } finally {
    qmp.close();
  }
}
