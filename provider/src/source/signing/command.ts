import { spawn } from 'node:child_process';
import { SourceError } from '../error.js';

/** The longest signatures in use, by keys of 16,384 bits, have 2048 bytes. */
const MAX_ANSWER_BYTES = 1 << 16;
/** What of its complaints is shown. */
const SHOWN_CHARACTERS = 500;
/** Time for a person to touch a token, or for a service to answer. */
const TIMEOUT_MS = 120_000;

export interface CommandInput {
  /** SHA-256 of what is to be signed. */
  readonly digest: Uint8Array;
  readonly signal: AbortSignal;
  /** Default: 2 minutes. */
  readonly timeoutMs?: number;
}

/**
 * What a command for `sh -c` writes to its standard output when it gets the digest on its standard input.
 * @throws {SourceError} `bad-answer` when it fails or writes nothing, `timeout` when it does not end; and the signal's
 *   reason. The command has ended then.
 */
export async function runSigningCommand(command: string, input: CommandInput): Promise<Buffer> {
  const { digest, signal, timeoutMs = TIMEOUT_MS } = input;
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  // In a process group of its own, so that what the shell has started ends with it.
  const child = spawn('sh', ['-c', command], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const stop = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  signal.addEventListener('abort', stop);
  deadline.addEventListener('abort', stop);
  const answer: Buffer[] = [];
  let sizeBytes = 0;
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_ANSWER_BYTES) stop();
    else answer.push(chunk);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-SHOWN_CHARACTERS);
  });
  // A command that does not read what it is given says by its answer whether it was wrong.
  child.stdin.on('error', () => undefined).end(digest);
  try {
    const ended = await new Promise<string | undefined>((resolve) => {
      child.on('error', ({ message }) => resolve(message));
      child.on('close', (code, by) => resolve(code === 0 ? undefined : `it ended with ${by ?? `exit code ${code}`}`));
    });
    signal.throwIfAborted();
    if (deadline.aborted) throw failed('timeout', `it did not end within ${timeoutMs / 1000} s`);
    if (sizeBytes > MAX_ANSWER_BYTES) throw failed('bad-answer', `it wrote more than ${MAX_ANSWER_BYTES} bytes`);
    if (ended !== undefined) throw failed('bad-answer', `${ended}${said(complaint)}`);
    if (sizeBytes === 0) throw failed('bad-answer', `it wrote nothing to its standard output${said(complaint)}`);
    return Buffer.concat(answer);
  } finally {
    signal.removeEventListener('abort', stop);
    deadline.removeEventListener('abort', stop);
  }
}

function said(complaint: string): string {
  const text = complaint.trim().replace(/\s+/g, ' ');
  return text === '' ? '' : `: ${text}`;
}

/** The command itself is not shown: it may hold a password. */
function failed(code: 'bad-answer' | 'timeout', what: string): SourceError {
  return new SourceError(
    code,
    `Cannot sign with the signing command: ${what}; wanted the RSA signature of the SHA-256 on its standard input, ` +
      'as it is, on its standard output',
  );
}
