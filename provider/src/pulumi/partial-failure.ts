import type { Properties } from './state.js';

/**
 * Thrown by create or update, it keeps these outputs in the state: the engine marks the resource as not finished, so
 * that the next update comes back to it even where nothing else has changed.
 */
export class PartialFailure extends Error {
  readonly id: string;
  readonly properties: Properties;
  /** All that the engine shows. */
  readonly reasons: readonly string[];

  constructor(reason: string, { id, properties }: { readonly id: string; readonly properties: Properties }) {
    super(reason);
    this.name = 'PartialFailure';
    this.id = id;
    // Only plain JSON crosses to the engine.
    this.properties = JSON.parse(JSON.stringify(properties)) as Properties;
    this.reasons = [reason];
  }
}
