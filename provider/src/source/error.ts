import { IngotError } from '../model/error.js';

/** Everything that can go wrong between a reference and the bytes it stands for. */
export type SourceErrorCode =
  /** No address to fetch from is set, or the one that is set makes no sense. */
  | 'no-mirror'
  /** The other side cannot be reached: no name, no route, refused, connection broken. */
  | 'unreachable'
  /** The other side stopped answering. */
  | 'timeout'
  /** The other side asks us to come back later, and we did, often enough. */
  | 'rate-limited'
  /** The other side does not let us in. */
  | 'forbidden'
  /** The other side answers that there is no such thing. */
  | 'not-found'
  /** Any other answer than the wanted one. */
  | 'bad-answer'
  /** The bytes are not the pinned ones. */
  | 'digest-mismatch'
  | 'size-mismatch'
  /** More than we are willing to take. */
  | 'too-large'
  /** A signature is missing, wrong, or by a key that is not trusted. */
  | 'bad-signature'
  /** A signed index is past its validity. */
  | 'expired'
  /** A signed index is older than one that the same mirror has given before. */
  | 'rolled-back'
  /** A signed index of something else: another distribution, another suite. */
  | 'wrong-archive'
  /** An index, package or archive that cannot be read. */
  | 'malformed'
  /** A kind of archive, compression or entry that we do not know. */
  | 'unsupported'
  /** A reference that is not written as one. */
  | 'bad-reference'
  /** An image, but none for the platform that is built for. */
  | 'no-platform'
  | 'unknown-suite'
  | 'unknown-package'
  /** A package needs what no package gives. */
  | 'unsatisfiable'
  /** Two packages that may not be installed together. */
  | 'conflict'
  /** A kernel was asked for and the packages hold none. */
  | 'no-kernel'
  /** A file of the user that cannot be read. */
  | 'unreadable'
  /** A file of the user that no longer has the content that was locked. */
  | 'changed'
  /** A lock file that does not fit its spec any more. */
  | 'stale'
  /** Reading or writing on this machine failed. */
  | 'io';

/** What the `source` stage throws. Messages and context never hold the credentials of an address. */
export class SourceError extends IngotError<SourceErrorCode> {}
