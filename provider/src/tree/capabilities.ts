import type { Container } from '../model/index.js';
import { CAPABILITIES } from '../model/spec.js';
import { didYouMean, nearest } from '../model/suggestion.js';
import { TreeError } from './error.js';
import { unique } from './mounts.js';

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

/** What a container asks for: `capabilities.add` counts where `capabilities` is not set. */
export function effectiveCapabilities(container: Container, property: string): readonly string[] {
  const written = container.capabilities ?? unique(container['capabilities.add'] ?? []);
  return parseCapabilities(written, `${property}.capabilities`);
}

/** Every capability that a program of a container can have. */
export function grantedCapabilities(container: Container, property: string): ReadonlySet<string> {
  const ambient = parseCapabilities(container.ambient ?? [], `${property}.ambient`);
  return new Set([...effectiveCapabilities(container, property), ...ambient]);
}
