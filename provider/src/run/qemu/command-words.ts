/** Its own answer to each question: a line that has come through the channel. */
export interface Question {
  /** What the answer is known by. */
  readonly number: number;
  /** A program and its arguments, which no shell looks at. */
  readonly run: readonly string[];
  /** The service in whose container it runs; undefined: in the machine itself. */
  readonly in?: string | undefined;
  /** When the guest kills it. */
  readonly limitSeconds: number;
}

/** What came of a command. */
export type CommandOutcome =
  /** With 128 and the signal's number where a signal has ended it. */
  | { readonly kind: 'exited'; readonly status: number; readonly output: Buffer }
  /** It was killed. */
  | { readonly kind: 'late'; readonly output: Buffer }
  /** It was not run. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What the guest reads of a line (guest/root/usr/lib/ingot/commands.sh, `question_limit`). */
const MAX_QUESTION_BYTES = 65536;
/** What it tells of an output: `output_limit`. */
const MAX_OUTPUT_BYTES = 65536;
/** No answer is longer, without its end. */
export const MAX_ANSWER_BYTES = 32 + Math.ceil(MAX_OUTPUT_BYTES / 3) * 4;

/** What a shell, or printf's %b, takes for nothing else. */
const PLAIN = /[A-Za-z0-9@%+,./:_-]/;

/**
 * The line that asks the guest to run a command, with its end: number, seconds, place and words, parted by spaces.
 * @throws {RangeError} for a NUL byte, which no argument can have, and for more than the guest reads.
 */
export function questionLine({ number, run, in: service, limitSeconds }: Question): string {
  const place = service === undefined ? '-' : escapedWord(service);
  const line = `${[number, Math.ceil(limitSeconds), place, ...run.map(escapedWord)].join(' ')}\n`;
  if (line.length > MAX_QUESTION_BYTES) throw new RangeError('run: more than the guest reads');
  return line;
}

function escapedWord(word: string): string {
  if (word.includes('\0')) throw new RangeError('run: an argument cannot have a NUL byte');
  const bytes = [...Buffer.from(word)].map((byte) => {
    const character = String.fromCharCode(byte);
    return PLAIN.test(character) ? character : `\\0${byte.toString(8).padStart(3, '0')}`;
  });
  return `=${bytes.join('')}`;
}

/** What a line of the guest answers; undefined for any other line. */
export function answerIn(line: string): { readonly number: number; readonly outcome: CommandOutcome } | undefined {
  const match = /^(\d{1,9}) (?:exited (\d{1,3})|(late)|(refused)) ([A-Za-z0-9+/]*={0,2})$/.exec(line);
  if (match === null) return undefined;
  const [, number, status, late, , base64 = ''] = match;
  const output = Buffer.from(base64, 'base64');
  return { number: Number(number), outcome: outcomeOf() };

  function outcomeOf(): CommandOutcome {
    if (status !== undefined) return { kind: 'exited', status: Number(status), output };
    return late === undefined ? { kind: 'refused', reason: output.toString('utf8') } : { kind: 'late', output };
  }
}
