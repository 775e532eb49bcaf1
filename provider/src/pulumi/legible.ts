import { describeError } from '../model/error.js';
import { PartialFailure } from './partial-failure.js';

/** What the host process prints of an error of ours, beside telling the engine. */
const PRINTED = 'pulumi-ingot: told the engine';

/**
 * Runs work whose errors people read: one text, the same as the command `ingot` shows, and no stack trace unless
 * `INGOT_DEBUG` is set.
 */
export async function legibly<T>(work: () => Promise<T>): Promise<T> {
  // What is waited for need not keep the process: without an engine it would end in the middle of what is to be undone.
  const hold = setInterval(() => {}, 60_000);
  try {
    return await work();
  } catch (error) {
    // The engine reads more than the message of this one.
    if (error instanceof PartialFailure || process.env.INGOT_DEBUG) throw error;
    throw new Told(describeError(error), { cause: error });
  } finally {
    clearInterval(hold);
  }
}

/**
 * The host prints what it has caught, with its stack trace, and the engine shows that again under the stack: so there
 * is nothing to print.
 */
class Told extends Error {
  constructor(message: string, options: ErrorOptions) {
    super(message, options);
    this.stack = '';
    quieten();
  }

  override toString(): string {
    return PRINTED;
  }
}

function quieten(): void {
  if (isQuiet) return;
  isQuiet = true;
  const print = console.error;
  console.error = (...words: unknown[]): void => {
    if (words[0] !== `${PRINTED}: `) print(...words);
  };
}

let isQuiet = false;
