import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachedDisk } from '../../provider/src/model/machine.js';
import { bootArguments } from '../../provider/src/run/qemu/boot-source.js';
import { CommandChannel } from '../../provider/src/run/qemu/command-channel.js';
import {
  CONSOLE_FILE,
  type MachinePlan,
  qemuArguments,
  READY_FILE,
  USER_DATA_FILE,
} from '../../provider/src/run/qemu/command-line.js';
import { withQmp } from '../../provider/src/run/qemu/qmp.js';
import { freePort } from '../free-port.js';

const PLATFORM = 'linux/amd64';
/** Emulation runs everywhere, and finds what only happens slowly. */
const ACCELERATOR = 'tcg';
/** What takes seconds on a host at rest takes minutes on one where six others want two processors: only what hangs meets it. */
export const HANGS_MS = 300_000;

export interface BootFiles {
  readonly kernel: string;
  readonly initrd: string;
  readonly commandLine: string;
}

/** A line that the guest's init writes for programs. */
export interface Report {
  readonly ingot: 'ready' | 'failed';
  readonly image: string;
  readonly phases?: Readonly<Record<string, number>>;
  readonly services?: Readonly<Record<string, string>>;
  /** Optional steps that failed, and why. */
  readonly skipped?: Readonly<Record<string, string>>;
  readonly phase?: string;
  readonly reason?: string;
}

export interface StartOptions {
  /** More words for the kernel command line. */
  readonly append?: string;
  /** More arguments for QEMU. */
  readonly devices?: readonly string[];
  readonly disks?: readonly AttachedDisk[];
  readonly userData?: string;
  /** Whether it is to run commands, as in a boot test. */
  readonly commands?: boolean;
}

/** A virtual machine with the product's own hardware, whose console a test can read. Ends with `await using`. */
export class GuestMachine implements AsyncDisposable {
  readonly uuid: string;
  /** Of the loopback address; leads to port 80 of the machine. */
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(parts: { uuid: string; port: number; folder: string; process: ChildProcess }) {
    this.uuid = parts.uuid;
    this.port = parts.port;
    this.#folder = parts.folder;
    this.#process = parts.process;
  }

  static async start(files: BootFiles, options: StartOptions = {}): Promise<GuestMachine> {
    const { append = '', devices = [], disks = [], userData, commands = false } = options;
    const folder = await mkdtemp(join(tmpdir(), 'ingot-guest-'));
    const port = await freePort();
    const uuid = randomUUID();
    // QEMU appends.
    for (const name of [CONSOLE_FILE, READY_FILE]) await writeFile(join(folder, name), '');
    if (userData !== undefined) await writeFile(join(folder, USER_DATA_FILE), userData);
    const boot = { ...files, commandLine: `${files.commandLine} ${append}`.trim() };
    const plan: MachinePlan = {
      id: 'guest-test',
      uuid,
      platform: PLATFORM,
      accelerator: ACCELERATOR,
      machine: { memoryMiB: 512, cpus: 1, disks: [...disks], ...(userData === undefined ? {} : { userData }) },
      boot: bootArguments(boot, { platform: PLATFORM, accelerator: ACCELERATOR, commands }),
      commands,
      forwards: [{ private: port, guest: 80 }],
      sandbox: false,
    };
    const child = spawn('qemu-system-x86_64', [...qemuArguments(plan), ...devices], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new GuestMachine({ uuid, port, folder, process: child });
  }

  /** Runs commands in the machine until the signal. */
  commands(signal: AbortSignal): CommandChannel {
    return new CommandChannel(this.#folder, signal);
  }

  /** All lines that the console has said, without carriage returns. A line of a machine that runs may come in pieces. */
  async console(): Promise<string> {
    const over = this.ended;
    const text = (await readFile(join(this.#folder, CONSOLE_FILE), 'utf8')).replaceAll('\r', '');
    return over ? text : text.slice(0, text.lastIndexOf('\n') + 1);
  }

  /** What the port `ready` has said. */
  async readyPort(): Promise<string> {
    return readFile(join(this.#folder, READY_FILE), 'utf8');
  }

  /** Waits until the console matches. @throws with the console, if the machine ends before, or after the limit. */
  async sees(pattern: RegExp, { limitMs = HANGS_MS }: { limitMs?: number } = {}): Promise<RegExpExecArray> {
    const end = Date.now() + limitMs;
    for (;;) {
      const over = this.ended || Date.now() > end;
      const text = await this.console();
      const match = pattern.exec(text);
      if (match !== null) return match;
      if (over)
        throw new Error(`${pattern} was not seen ${this.ended ? 'until the machine ended' : 'in time'}:\n${text}`);
      await sleep(50);
    }
  }

  /** The first report on the console, alone on its line. */
  async report(): Promise<Report> {
    const match = await this.sees(/^\{"ingot":.*\}(?=\n)/m);
    return JSON.parse(match[0]) as Report;
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Waits until QEMU has ended by itself. Resolves to its exit status. */
  async end(): Promise<number | null> {
    const limit = Date.now() + HANGS_MS;
    while (!this.ended) {
      if (Date.now() > limit) throw new Error(`the machine did not end in time:\n${await this.console()}`);
      await sleep(50);
    }
    return this.#process.exitCode;
  }

  async pressPowerButton(): Promise<void> {
    const pressed = await withQmp({ folder: this.#folder, uuid: this.uuid }, async (qmp) => {
      await qmp.execute('system_powerdown');
      return true;
    });
    if (pressed !== true) throw new Error('QEMU did not take the power button');
  }

  /** What port 80 answers: status and JSON. */
  async status(path: string): Promise<[number, unknown]> {
    const { status, text } = await this.#ask(path);
    return [status, JSON.parse(text)];
  }

  async get(path: string): Promise<string> {
    return (await this.#ask(path)).text;
  }

  /** A service without a health check is up once its program runs, which may be before that listens: then it is asked again. */
  #ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return untilAnswered(`http://127.0.0.1:${this.port}${path}`, () => this.ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGKILL');
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The first answer of a server that may not listen yet. @throws once there is nobody who could answer, or after the limit. */
export async function untilAnswered(
  url: string,
  isOver: () => boolean = () => false,
): Promise<{ readonly status: number; readonly text: string }> {
  const end = Date.now() + HANGS_MS;
  for (;;) {
    const over = isOver() || Date.now() > end;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      if (over) throw error;
      await sleep(200);
    }
  }
}
