import { type Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';

/** Only what hangs meets it. */
const LIMIT_MS = 5 * 60_000;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * A GET, on a connection of its own unless an agent has one: whoever keeps connections may use one just as the other end
 * closes it, and `fetch` keeps them.
 */
export function ask(url: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, signal: AbortSignal.timeout(LIMIT_MS) }, (answer) => {
      text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, text: said }), reject);
    });
    request.on('error', reject);
  });
}
