import { Command } from 'commander';
import { addCacheCommands } from './cache-commands.js';
import { addCompletionCommands } from './completion-commands.js';
import { refuseEmptyWords } from './empty-word.js';
import { addGcCommands } from './gc-commands.js';
import { addImageCommands } from './image-commands.js';
import { addKeysCommands } from './keys-commands.js';
import { addLockCommands } from './lock-commands.js';
import { addMachineCommands } from './machine-commands.js';

/** The `ingot` command, with all that is below it; nothing runs yet. */
export function newProgram(version: string): Command {
  const program = new Command('ingot')
    .description(
      'Immutable operating-system images from container images and distribution packages, without Docker or root',
    )
    .version(version)
    .showHelpAfterError('(ingot --help shows what there is)')
    .exitOverride()
    .hook('preAction', (_, command) => refuseEmptyWords(command));
  addImageCommands(program);
  addMachineCommands(program);
  addLockCommands(program);
  addGcCommands(program);
  addCacheCommands(program);
  addKeysCommands(program);
  addCompletionCommands(program);
  return program;
}
