import { IngotError } from '../model/error.js';

export type FormatErrorCode =
  /** Against the format's rules. */
  | 'malformed'
  /** The input ends before the format says it may. */
  | 'truncated'
  /** A check in the format (checksum, CRC) does not fit the bytes. */
  | 'corrupt'
  /** Allowed by the format, but not known here. */
  | 'unsupported'
  /** Larger than the caller is willing to take. */
  | 'too-large'
  /** A value that a field of the format cannot hold. */
  | 'out-of-range';

/** What readers and writers of formats throw. */
export class FormatError extends IngotError<FormatErrorCode> {}
