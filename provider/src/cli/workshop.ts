import { openWorkshop, type Workshop } from '../pipeline.js';
import { settingsFrom } from '../settings.js';
import { terminalProgress } from './terminal-progress.js';

/** Runs a command with its surroundings: settings from the environment, progress on a terminal, Ctrl-C as an abort. */
export async function withWorkshop<T>(use: (workshop: Workshop) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    // A second Ctrl-C ends the process as usual.
    process.removeListener('SIGINT', interrupt);
    controller.abort(new DOMException('Interrupted', 'AbortError'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const { progress, done } = terminalProgress(process.stderr);
  try {
    await using workshop = await openWorkshop(settingsFrom(process.env), {
      directory: process.cwd(),
      signal: controller.signal,
      progress,
      now: () => new Date(),
    });
    return await use(workshop);
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    done();
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}
