import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Project, Running } from './project.js';

/** Keeps what the stack is, starts an update, and gives what kills its engine and lets people go on, as after a crash. */
export async function killableUp(
  project: Project,
  environment: Readonly<Record<string, string>> = {},
): Promise<Running & { readonly kill: () => Promise<void> }> {
  const backend = join(project.directory, '.state/backend');
  const before = `${backend}-before`;
  await cp(backend, before, { recursive: true });
  const up = project.start(['up', '--yes', '--skip-preview'], environment);
  const kill = async (): Promise<void> => {
    up.process.kill('SIGKILL');
    await up.outcome;
    // The engine's own file may be cut off where it was just being written; people then take the copy before it.
    if ((await project.run(['stack', 'export'])).code !== 0) {
      await rm(backend, { recursive: true });
      await cp(before, backend, { recursive: true });
    }
    await rm(before, { recursive: true });
    await project.run(['cancel', '--yes']);
  };
  return { ...up, kill };
}
