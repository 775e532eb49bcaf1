import { IngotError } from '../model/error.js';

/**
 * Version of the shape of inputs and outputs. Handlers read every older one; `test/state/` holds recorded states of
 * each. What begins with `__` is bookkeeping: the engine keeps it out of what people are shown.
 */
export const STATE_VERSION = 1;

/** What every resource of Ingot carries among its inputs, put there by the SDK and by `check`. */
export interface Bookkeeping {
  /** Which handler it belongs to, such as `Image` or `local.Instance`. */
  readonly __type: string;
  readonly __version: number;
  /** For progress reports, and as the owner of what lives outside the state. */
  readonly __urn: string;
  /** Whether any input is secret: handlers receive secrets in plain and cannot tell. */
  readonly __secret?: boolean;
}

export type Properties = Readonly<Record<string, unknown>>;

export class StateError extends IngotError<'newer-state' | 'unknown-resource' | 'bad-lock' | 'bad-pins'> {}

/**
 * Refuses a state that a newer version has written: its meaning is not known here.
 * @throws {StateError} `newer-state`, naming both versions.
 */
export function refuseNewer(state: Properties): void {
  const version = state.__version;
  if (typeof version === 'number' && version > STATE_VERSION) {
    throw new StateError(
      'newer-state',
      `Cannot read the state of ${state.__urn ?? 'this resource'}: it has version ${version}, written by a newer ` +
        `pulumi-ingot, and this one reads up to version ${STATE_VERSION}; install the newer pulumi-ingot`,
    );
  }
}
