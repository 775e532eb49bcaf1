import { IngotError } from '../model/error.js';

/** What is wrong with the files that a command is to read or write. What is wrong with its words is a UsageError. */
export class CommandError extends IngotError<'bad-output' | 'bad-subject' | 'not-written'> {}
