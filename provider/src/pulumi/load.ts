import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * What takes longest to load, in portions. Loading cannot pause, and all calls of the engine share one process: after
 * each portion the others get their turn.
 */
const PORTIONS = [
  'zod/v4/locales',
  'zod/v4/core',
  'zod',
  'yaml',
  '../model/spec.js',
  '../model/lock.js',
  '../pipeline.js',
] as const;

let loading: Promise<void> | undefined;

/** Resolves when what every handler needs is loaded. */
export function loadInPortions(): Promise<void> {
  loading ??= (async () => {
    // As what is compiled loads it: import() would load the copies for ES modules.
    const load = createRequire(__filename);
    for (const portion of PORTIONS) {
      load(portion);
      await turn();
    }
  })();
  return loading;
}
