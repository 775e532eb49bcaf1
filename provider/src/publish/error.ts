import { IngotError } from '../model/error.js';

/** Everything that can go wrong between an artifact and its place at a provider. */
export type PublishErrorCode =
  /** The place is not one that can be written. */
  | 'io'
  /** Something else is there under the name. */
  | 'name-taken'
  /** A record was written by a newer Ingot, or is damaged. */
  | 'bad-record'
  /** The caller's signal. */
  | 'aborted';

/** What the `publish` stage throws. */
export class PublishError extends IngotError<PublishErrorCode> {}
