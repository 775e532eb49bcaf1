import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';

// What is compiled loads packages by require(): import() would load the copies that are there for ES modules.
const load = createRequire(__filename);

/**
 * What takes longest to load, in portions. Loading cannot pause, and all calls of the engine share one process: after
 * each portion the others get their turn.
 */
const PORTIONS: readonly (() => unknown)[] = [
  () => load('zod/v4/locales'),
  () => load('zod/v4/core'),
  () => load('zod'),
  () => load('yaml'),
  () => import('../model/spec.js'),
  () => import('../model/lock.js'),
  () => import('../pipeline.js'),
];

let loading: Promise<void> | undefined;

/** Resolves when what every handler needs is loaded. */
export function loadInPortions(): Promise<void> {
  loading ??= (async () => {
    for (const portion of PORTIONS) {
      await portion();
      await turn();
    }
  })();
  return loading;
}
