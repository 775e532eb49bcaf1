import type { Command } from 'commander';
import { UsageError } from './usage-error.js';

/**
 * An empty word is nearly always a variable of a script that was never set: it must not mean the folder here, every
 * answer, or no file.
 * @throws {UsageError} `empty`, with the option or argument.
 */
export function refuseEmptyWords(command: Command): void {
  for (const option of command.options) {
    if (!isEmpty(command.getOptionValue(option.attributeName()))) continue;
    const flag = option.long ?? option.flags;
    throw new UsageError('empty', `Cannot use ${flag} "": it is empty; give a value, or leave ${flag} out`);
  }
  command.registeredArguments.forEach((argument, index) => {
    const given = command.processedArgs[index];
    if (isEmpty(given))
      throw new UsageError('empty', `Cannot use "" as ${argument.name()}: it is empty; give ${wanted(argument)}`);
  });
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.includes('') : value === '';
}

function wanted({ description }: { readonly description: string }): string {
  return description === '' ? 'a value' : description;
}
