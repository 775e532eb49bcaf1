import { DEFAULT_COMMAND_LINE, DEFAULT_PLATFORM, type Spec } from './spec.js';

/** What Ingot's own init reads: a shell on the console, and all that containers print. */
const WORD = 'ingot.debug';

/**
 * A spec whose machines can be looked into: everybody at their console has a shell. It has a digest of its own, and its
 * ready line says so. Without a kernel there is nothing to debug.
 */
export function debugSpec(spec: Spec): Spec {
  const { kernel } = spec;
  if (kernel === undefined) return spec;
  const words = (kernel.cmdline ?? DEFAULT_COMMAND_LINE[spec.platform ?? DEFAULT_PLATFORM]).split(/\s+/);
  const cmdline = [...words.filter((word) => word !== 'quiet' && word !== WORD), WORD].join(' ').trim();
  return { ...spec, kernel: { ...kernel, cmdline } };
}
