import { type ErrorContext, IngotError } from '../model/error.js';

/** What can be wrong when a tree is put together. */
export type TreeErrorCode =
  /** A layer holds what no archive should: a path that leaves its root, a hard link to nothing. */
  | 'bad-layer'
  /** Symbolic links lead in a circle, or through too many of each other. */
  | 'link-loop'
  /** A path goes through something that is not a folder. */
  | 'not-a-directory'
  /** Layers or contents that the lock names were not handed in. */
  | 'missing-input'
  /** A field of a container that the schema lets through and that has no meaning. */
  | 'bad-container'
  | 'no-command'
  | 'command-not-found'
  /** A field of `files` that the schema lets through and that has no meaning. */
  | 'bad-file'
  | 'unknown-module'
  /** An image that is to be the kernel does not hold one. */
  | 'no-kernel'
  /** A setting that has no meaning for this kind of kernel. */
  | 'bad-kernel'
  /** An image's own settings cannot be read. */
  | 'bad-label'
  /** A user that cannot be added to those that the machine has. */
  | 'bad-user'
  /** A file that is to hold certificates does not. */
  | 'bad-certificate'
  /** Packages and Ingot's own init have one package in two versions. */
  | 'mixed-versions'
  /** A package of Ingot's own init does not hold a file that it takes from there. */
  | 'missing-guest-file';

/** Thrown by everything in `tree/`. */
export class TreeError extends IngotError<TreeErrorCode> {
  constructor(code: TreeErrorCode, message: string, context: ErrorContext = {}) {
    super(code, message, { context });
  }
}
