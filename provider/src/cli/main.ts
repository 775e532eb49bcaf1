import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describeError, IngotError } from '../model/error.js';
import { newProgram } from './program.js';
import { Unanswered } from './question.js';
import { UsageError } from './usage-error.js';

/**
 * The `ingot` command. Sets the exit code: 0 done, 1 it could not be done, 2 the command was not understood. Commands that
 * ask something have their own: see asking().
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = newProgram(packageVersion());

  // Whoever reads the output may stop when it has seen enough (`| head`).
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function packageVersion(): string {
  const text = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function report(error: unknown): number {
  if (error instanceof Unanswered) return Math.max(report(error.cause), 2);
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') {
    // commander has said what was wrong, or has printed the help that was asked for.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('\nStopped; nothing half-made was left.\n');
    return 128 + constants.signals.SIGINT;
  }
  const text =
    error instanceof IngotError || process.env.INGOT_DEBUG === undefined ? describeError(error) : stackOf(error);
  process.stderr.write(`${text}\n`);
  return error instanceof UsageError ? 2 : 1;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
