import { CAPABILITIES } from '../model/spec.js';
import { didYouMean, nearest } from '../model/suggestion.js';
import { TreeError } from './error.js';

const KNOWN = new Set<string>(CAPABILITIES);

/**
 * A list of capabilities with its keywords replaced: `none` or `all` alone, in any case. Order is kept.
 * @throws {TreeError} `bad-container` for a name that Linux does not know.
 */
export function parseCapabilities(written: readonly string[], property: string): readonly string[] {
  if (written.length === 1) {
    const keyword = (written[0] as string).toLowerCase();
    if (keyword === 'none') return [];
    if (keyword === 'all') return CAPABILITIES;
  }
  for (const name of written) {
    if (KNOWN.has(name)) continue;
    const upper = name.toUpperCase();
    const hint = didYouMean(nearest(upper.startsWith('CAP_') ? upper : `CAP_${upper}`, CAPABILITIES));
    throw new TreeError(
      'bad-container',
      `Cannot give the capability ${JSON.stringify(name)}: Linux has none of that name${hint}`,
      {
        property,
        got: name,
      },
    );
  }
  return written;
}
