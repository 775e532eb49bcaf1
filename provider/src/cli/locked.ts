import { canonicalJson, type Json, sha256 } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import { lock, parse, type Workshop } from '../pipeline.js';

/** Specs, locked. Within an hour the same spec gives the same lock, as it does between a preview and its update. */
export async function lockOf(specs: readonly string[], workshop: Workshop): Promise<LockedImage> {
  const spec = await parse(specs, workshop);
  return lock(spec, { remember: `command ${sha256(canonicalJson(spec as unknown as Json))}` }, workshop);
}
