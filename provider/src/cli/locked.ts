import { debugSpec } from '../model/debug.js';
import { canonicalJson, type Json, sha256 } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import { at, lock, parse, readLockFile, type Workshop } from '../pipeline.js';

/**
 * Specs, locked, and what follows from that: errors of both are told at their place in the specs. Where they have a lock
 * file it decides; else the same spec gives the same lock within an hour, as it does between a preview and its update.
 * @param options.debug Of a variant whose machines have a shell on their console.
 */
export async function withLock<T>(
  specs: readonly string[],
  workshop: Workshop,
  use: (locked: LockedImage) => Promise<T>,
  { debug = false }: { readonly debug?: boolean | undefined } = {},
): Promise<T> {
  const parsed = await parse(specs, workshop);
  const spec = debug ? debugSpec(parsed.spec) : parsed.spec;
  const remember = `command ${sha256(canonicalJson(spec as unknown as Json))}`;
  const file = await readLockFile(specs, workshop);
  return at(parsed, async () => use(await lock(spec, { file, remember }, workshop)));
}
