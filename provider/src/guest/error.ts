import { type ErrorContext, IngotError } from '../model/error.js';

export type GuestErrorCode =
  /** The lock pins a version of the init that this Ingot does not have. */
  'other-version';

/** Thrown by everything in `guest/`. */
export class GuestError extends IngotError<GuestErrorCode> {
  constructor(code: GuestErrorCode, message: string, context: ErrorContext = {}) {
    super(code, message, { context });
  }
}
