import type { Command } from 'commander';
import type { PruneCommandOptions } from './cache.js';
import type { CacheExportOptions } from './cache-export.js';
import type { CacheImportOptions } from './cache-import.js';
import { asking } from './question.js';

/** `ingot cache …`. */
export function addCacheCommands(program: Command): void {
  const cache = program
    .command('cache')
    .description('look after the cache: what was fetched, unpacked and built')
    .addHelpText(
      'after',
      '\nThe cache is the folder INGOT_CACHE, and is kept below INGOT_CACHE_MAX_SIZE (default 20GB, `none` for no limit).\n' +
        'It can be removed at any time: what is needed is fetched and made again.',
    );
  cache
    .command('dir')
    .description('print the folder')
    .action(async () => (await import('./cache.js')).cacheDir());
  cache
    .command('du')
    .description('show what takes how much room')
    .option('--json', 'as JSON')
    .action(async (options: { json?: true }) => (await import('./cache.js')).cacheDu(options));
  cache
    .command('prune')
    .description('remove what was used longest ago, but nothing that a running build uses')
    .option('--max-size <size>', 'until no more than this is left, such as 5GB (default: the limit that is set)')
    .option('--older-than <time>', 'what was not used for so long, such as 30d')
    .option('--all', 'everything')
    .option('--dry-run', 'only say how much it would be')
    .action(async (options: PruneCommandOptions) => (await import('./cache.js')).cachePrune(options));
  cache
    .command('export')
    .description('write all inputs of an image into a folder or archive, to build it again without network')
    .argument('<spec...>', 'YAML files (merged), or a lock file')
    .option(
      '-o, --output <path>',
      'a file that ends in .tar, a folder, or `-` for the standard output (default: WEB.inputs.tar here)',
    )
    .option('--json', 'tell the digest of the image, and the size, as JSON')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action(async (specs: string[], options: CacheExportOptions) =>
      (await import('./cache-export.js')).cacheExport(specs, options),
    );
  cache
    .command('import')
    .description('read what `ingot cache export` has written into the cache')
    .argument('<path>', 'the folder, or the archive (compressed or not)')
    .option('--lock <file>', 'write the lock file of the spec, such as WEB.lock.json, where it has none')
    .option('--json', 'tell the digest of the image, and its lock, as JSON')
    .action(async (path: string, options: CacheImportOptions) =>
      (await import('./cache-import.js')).cacheImport(path, options),
    );
  cache
    .command('verify')
    .description('compare everything with its digest, and remove what is damaged')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit code: 0 all is sound, 1 something was damaged, 2 it could not be found out')
    .action(asking(async (options: { json?: true }) => (await import('./cache.js')).cacheVerify(options)));
}

const EXPORT_EXAMPLES = `
Examples:
  ingot cache export web.yml                  web.inputs.tar, here
  ingot cache export -o inputs web.lock.json  an OCI layout in the folder inputs
On another machine:
  ingot cache import web.inputs.tar
  INGOT_OFFLINE=true ingot build web.yml      with web.lock.json beside it`;
