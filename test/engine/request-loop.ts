import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../ask.js';

/** Requests one after the other, each on a connection of its own or all on one, until it is stopped. */
export class RequestLoop {
  readonly #url: string;
  readonly #agent: Agent | undefined;
  readonly #failures: string[] = [];
  #count = 0;
  #stopping = false;
  readonly #done: Promise<void>;

  constructor(url: string, { keepAlive = false }: { keepAlive?: boolean } = {}) {
    this.#url = url;
    this.#agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const { status } = await ask(this.#url, this.#agent);
        if (status !== 200) this.#failures.push(`status ${status}`);
      } catch (error) {
        this.#failures.push(`${error} ${(error as Error).cause ?? ''}`);
      }
      this.#count++;
    }
    this.#agent?.destroy();
  }

  /** Resolves once so many more were made, well or not: however slow the host is, there was a load. */
  async makes(more: number): Promise<void> {
    const wanted = this.#count + more;
    while (this.#count < wanted) await sleep(10);
  }

  /** How many there were, and what became of those that failed. */
  async stop(): Promise<{ count: number; failures: readonly string[] }> {
    this.#stopping = true;
    await this.#done;
    return { count: this.#count, failures: this.#failures };
  }
}
