import { availableParallelism } from 'node:os';
import { hostMemoryMiB } from './host-memory.js';

/** What the host itself, and whoever asks, are left. */
const MEMORY_SHARE = 0.75;

/** What a machine takes of the host while it runs. */
interface Share {
  readonly memoryMiB: number;
  readonly cpus: number;
}

/**
 * Lets as many boots of this process go on at once as the host has memory and processors for, in the order in which
 * they came. One that is larger than the host runs alone.
 */
export class Turns {
  readonly #free: { memoryMiB: number; cpus: number };
  readonly #waiting: { readonly share: Share; readonly go: () => void }[] = [];
  #running = 0;

  constructor(host: Share = { memoryMiB: Math.floor(hostMemoryMiB() * MEMORY_SHARE), cpus: availableParallelism() }) {
    this.#free = { ...host };
  }

  async run<T>(share: Share, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(share, signal);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#take(share, -1);
      this.#next();
    }
  }

  #turn(share: Share, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { share, go: resolve };
      const give = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        reject(signal.reason);
        this.#next();
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', give, { once: true });
      waiting.go = () => {
        signal.removeEventListener('abort', give);
        resolve();
      };
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  #next(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      const { memoryMiB, cpus } = first.share;
      const fits = memoryMiB <= this.#free.memoryMiB && cpus <= this.#free.cpus;
      if (!fits && this.#running > 0) return;
      this.#waiting.shift();
      this.#running++;
      this.#take(first.share, 1);
      first.go();
    }
  }

  #take({ memoryMiB, cpus }: Share, sign: 1 | -1): void {
    this.#free.memoryMiB -= sign * memoryMiB;
    this.#free.cpus -= sign * cpus;
  }
}
