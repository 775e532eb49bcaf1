import { IngotError } from '../model/error.js';

export type EncodeErrorCode =
  /** The tree has no `boot/kernel`. */
  | 'no-kernel'
  /** The tree breaks its own rules: an entry without its folder, a hard link to nothing, a file without content. */
  | 'bad-tree'
  /** The output format cannot hold what the tree says. */
  | 'unrepresentable'
  /** A file's bytes are not those that the tree was made from. */
  | 'corrupt';

/** What the `encode` stage throws, besides what the reader that is passed in throws. */
export class EncodeError extends IngotError<EncodeErrorCode> {}
