import { CommandError } from './command-error.js';

/**
 * Writes bytes to the standard output, as fast as whoever reads it takes them. Does not return before they are handed
 * over, so a chunk may be overwritten afterwards.
 */
export function writeStandardOutput(bytes: Uint8Array | string): Promise<void> {
  return new Promise((done, fail) => {
    const failed = (error: Error) => fail(outputFailure(error));
    process.stdout.once('error', failed);
    process.stdout.write(bytes, (error) => {
      process.stdout.removeListener('error', failed);
      if (error) failed(error);
      else done();
    });
  });
}

/** @throws {CommandError} `bad-output`, since an archive on a terminal is of use to nobody. */
export function requireNoTerminal(): void {
  if (!process.stdout.isTTY) return;
  throw new CommandError(
    'bad-output',
    'Cannot write an archive to a terminal; send the output elsewhere (… -o - | tar -t), or name a file after -o',
  );
}

function outputFailure(error: NodeJS.ErrnoException): CommandError {
  const why = error.code === 'EPIPE' ? 'whoever reads it has stopped' : (error.code ?? error.message);
  return new CommandError('not-written', `Cannot write to the standard output: ${why}`);
}
