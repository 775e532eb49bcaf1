import type { Properties } from './state.js';

/**
 * Machines that the state knows, as far as this run of the engine has shown: by URN. A process serves one run, in which
 * `check` and `diff` come before `create`, and neither comes before the `delete` of what the program does not have.
 */
const known = new Map<string, readonly string[] | undefined>();

/** `check` is first given the inputs of what is there, if there is anything. */
export function learnOfCheck(urn: string, olds: Properties): void {
  if (!known.has(urn)) known.set(urn, Object.keys(olds).length === 0 ? [] : undefined);
}

export function learnOf(urn: string, id: string): void {
  known.set(urn, [id]);
}

/** Undefined: there may be one, and which it is has not been said. */
export function knownAtCreate(urn: string): readonly string[] | undefined {
  return known.get(urn);
}

/** Of what this run has neither checked nor made, nothing is to stay. */
export function knownAtDelete(urn: string): readonly string[] | undefined {
  return known.has(urn) ? known.get(urn) : [];
}
