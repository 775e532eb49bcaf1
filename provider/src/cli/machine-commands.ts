import type { Command } from 'commander';
import type { TestOptions } from './test.js';

/** `ingot test`. What it does is loaded when it is done. */
export function addMachineCommands(program: Command): void {
  const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];
  program
    .command('test')
    .description('boot an image once on this host, and ask it what it should answer')
    .argument('<spec...>', 'YAML files (merged), `-` for standard input')
    .option('--http <port[/path][=text]>', 'it answers this request with 200 to 399, and with that text in it', collect)
    .option('--tcp <port>', 'it takes connections at this port', collect)
    .option('--console <text>', 'its console has this text', collect)
    .option('--memory <MiB>', 'memory of the machine (default: 512)')
    .option('--cpus <count>', 'processors of the machine (default: 1)')
    .option('--timeout <seconds>', 'from start to the last answer; four times as long under emulation (default: 60)')
    .option('--json', 'tell the digest, and how long each phase took, as JSON')
    .addHelpText('after', TEST_EXAMPLES)
    .action(async (specs: string[], options: TestOptions) => (await import('./test.js')).test(specs, options));
}

const TEST_EXAMPLES = `
An image with Ingot's own init has to say that it is ready, too.

Examples:
  ingot test web.yml
  ingot test --http 80/ --http '80/health=ok' --tcp 22 web.yml`;
