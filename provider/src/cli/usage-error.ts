import { IngotError } from '../model/error.js';

/**
 * What is wrong with the command line itself, whatever files there are: nothing has been done yet. The exit code is 2, as
 * it is where commander understands nothing.
 */
export class UsageError extends IngotError<
  | 'bad-format'
  | 'bad-keys'
  | 'bad-name'
  | 'bad-number'
  | 'bad-output'
  | 'bad-probe'
  | 'bad-subject'
  | 'contradiction'
  | 'empty'
> {}
