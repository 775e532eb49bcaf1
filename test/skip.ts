import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeEach, type TestContext } from 'vitest';

const ADMINISTRATORS = ['/usr/sbin', '/sbin'];

/** Ends a test as skipped. `npm test` lists it with the reason; one without a reason fails the run. */
export function skipBecause(context: TestContext, reason: string): never {
  return context.skip(reason);
}

/** Within a `describe`: skips all of its tests where there is a reason; does nothing where there is none. */
export function skipAllBecause(reason: string | undefined): void {
  if (reason === undefined) return;
  beforeEach((context) => skipBecause(context, reason));
}

/** Why tests that need these programs cannot run: `no bsdtar on this machine`; undefined if they are all there. */
export function missingPrograms(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => !isOnPath(name));
  return missing.length === 0 ? undefined : `no ${missing.join(', ')} on this machine`;
}

function isOnPath(name: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...ADMINISTRATORS];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
