/** Requests one after the other, each on a connection of its own or all on one, until it is stopped. */
export class RequestLoop {
  readonly #url: string;
  readonly #connection: string;
  readonly #failures: string[] = [];
  #count = 0;
  #stopping = false;
  readonly #done: Promise<void>;

  constructor(url: string, { keepAlive = false }: { keepAlive?: boolean } = {}) {
    this.#url = url;
    this.#connection = keepAlive ? 'keep-alive' : 'close';
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const response = await fetch(this.#url, {
          headers: { connection: this.#connection },
          signal: AbortSignal.timeout(30_000),
        });
        await response.text();
        if (response.status !== 200) this.#failures.push(`status ${response.status}`);
      } catch (error) {
        this.#failures.push(`${error} ${(error as Error).cause ?? ''}`);
      }
      this.#count++;
    }
  }

  /** How many there were, and what became of those that failed. */
  async stop(): Promise<{ count: number; failures: readonly string[] }> {
    this.#stopping = true;
    await this.#done;
    return { count: this.#count, failures: this.#failures };
  }
}
