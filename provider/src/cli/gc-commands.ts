import type { Command } from 'commander';
import type { GcOptions } from './gc.js';

/** `ingot gc`. */
export function addGcCommands(program: Command): void {
  program
    .command('gc')
    .description('list published images that no resource needs any more; remove them with --yes')
    .argument('<folder>', 'that `ingot.local.ImageFile` publishes into')
    .option('-y, --yes', 'remove them')
    .option('--json', 'all images, and who needs them, as JSON')
    .addHelpText(
      'after',
      '\nEach resource claims what it uses in FOLDER/.ingot/claims. What is claimed, or kept to go back to, stays.',
    )
    .action(async (folder: string, options: GcOptions) => (await import('./gc.js')).gc(folder, options));
}
