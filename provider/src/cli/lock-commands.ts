import type { Command } from 'commander';
import { asking } from './question.js';

const SPECS = 'YAML files (merged)';

/** `ingot lock` and `ingot outdated`. */
export function addLockCommands(program: Command): void {
  program
    .command('lock')
    .description('pin what specs refer to, in the file WEB.lock.json beside WEB.yml, which builds then follow')
    .argument('[spec...]', SPECS)
    .option(
      '--update [what...]',
      "move pins to the newest: all, or those named (references, packages, `init` for Ingot's own)",
    )
    .option('--check', 'write nothing; exit code 1 when the file does not fit the specs (no network is needed)')
    .option('--print-digest', 'print the digest of the image, and nothing else, on standard output')
    .addHelpText('after', EXAMPLES)
    .action(
      async (given: string[], options: { update?: true | string[]; check?: true; printDigest?: true }, command) => {
        const { specs, update } = sortWords(given, options.update);
        if (specs.length === 0) return (command as Command).error("error: missing required argument 'spec'");
        const { lock } = await import('./lock.js');
        await lock(specs, { ...options, ...(update === undefined ? {} : { update }) });
      },
    );
  program
    .command('outdated')
    .description('list what is pinned in a lock file and has something newer, security updates first')
    .argument('<spec...>', SPECS)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit code: 0 nothing is outdated, 1 something is, 2 it could not be found out')
    .action(
      asking(async (specs: string[], options: { json?: true }) =>
        (await import('./outdated.js')).outdated(specs, options),
      ),
    );
}

const EXAMPLES = `
Examples:
  ingot lock web.yml                          write web.lock.json; what is pinned already stays
  ingot lock web.yml --update                 move everything to the newest
  ingot lock web.yml --update crun deb:nginx  move one package, and one reference with all that it needs
  ingot lock web.yml --check                  for CI: is web.lock.json up to date with web.yml?`;

/** Who writes \`--update web.yml\` means the spec: no package and no image is called so. */
export function sortWords(
  given: readonly string[],
  update: true | readonly string[] | undefined,
): { specs: string[]; update?: true | string[] } {
  if (update === undefined || update === true) return { specs: [...given], ...(update ? { update } : {}) };
  const isSpec = (word: string): boolean => /\.ya?ml$/.test(word) || word === '-';
  const what = update.filter((word) => !isSpec(word));
  return { specs: [...given, ...update.filter(isSpec)], update: what.length === 0 ? true : what };
}
