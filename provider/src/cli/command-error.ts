import { IngotError } from '../model/error.js';

/** What is wrong with how a command was given, or with where its output goes. */
export class CommandError extends IngotError<
  'bad-format' | 'bad-keys' | 'bad-name' | 'bad-number' | 'bad-output' | 'bad-probe' | 'bad-subject' | 'not-written'
> {}
