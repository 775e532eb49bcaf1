import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { COMMANDS_SOCKET } from './command-line.js';
import { answerIn, type CommandOutcome, MAX_ANSWER_BYTES, type Question, questionLine } from './command-words.js';
import { LineStream } from './line-stream.js';
import { connectUnix } from './unix-socket.js';

/** After the guest should have killed a command: it may have no time to say so. */
const GRACE_MS = 10_000;

/**
 * Runs commands in a machine, over a virtio port that only a boot test has. One after the other: the guest has one shell
 * to answer with.
 */
export class CommandChannel {
  readonly #folder: string;
  readonly #signal: AbortSignal;
  #connection: Connection | undefined;
  #number = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param signal ends the channel, and leaves what was asked without an answer. */
  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#connection?.close(), { once: true });
  }

  /** What came of the command; undefined where the guest does not answer. */
  run(command: Omit<Question, 'number'>): Promise<CommandOutcome | undefined> {
    const answer = this.#last.then(() => this.#ask(command)).catch(() => undefined);
    this.#last = answer;
    return answer;
  }

  async #ask(command: Omit<Question, 'number'>): Promise<CommandOutcome | undefined> {
    if (this.#signal.aborted) return undefined;
    // After a connection that was lost the answer to an older question may come first.
    const number = ++this.#number;
    this.#connection ??= new Connection(await connectUnix(this.#folder, COMMANDS_SOCKET));
    const connection = this.#connection;
    if (this.#signal.aborted) connection.close();
    const timer = new AbortController();
    // After what has come meanwhile was read: this process may not have had its turn for as long.
    const late = sleep(command.limitSeconds * 1000 + GRACE_MS, undefined, { signal: timer.signal })
      .then(() => nextTurn())
      .catch(() => {});
    const outcome = await Promise.race([connection.ask({ ...command, number }), late]);
    timer.abort();
    if (outcome === undefined) {
      connection.close();
      this.#connection = undefined;
    }
    return outcome ?? undefined;
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #lines = new LineStream(MAX_ANSWER_BYTES);
  #waiting: { readonly number: number; take(outcome: CommandOutcome | undefined): void } | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => {
      for (const line of this.#lines.push(piece)) this.#hear(line);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#waiting?.take(undefined));
  }

  /** Undefined where the connection ends before the answer. */
  ask(question: Question): Promise<CommandOutcome | undefined> {
    return new Promise((take) => {
      this.#waiting = { number: question.number, take };
      if (this.#socket.destroyed) take(undefined);
      else this.#socket.write(questionLine(question));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(line: string): void {
    const answer = answerIn(line);
    if (answer !== undefined && answer.number === this.#waiting?.number) this.#waiting.take(answer.outcome);
  }
}
