import type { Command } from 'commander';
import type { RunCommandOptions } from './run.js';
import type { TestOptions } from './test.js';

/** `ingot test`, `run`, `ps` and `stop`. What they do is loaded when it is done. */
export function addMachineCommands(program: Command): void {
  const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];
  program
    .command('test')
    .description('boot an image once on this host, and ask it what it should answer')
    .argument('<spec...>', 'YAML files (merged), `-` for standard input')
    .option('--http <port[/path][=text]>', 'it answers this request with 200 to 399, and with that text in it', collect)
    .option('--tcp <port>', 'it takes connections at this port', collect)
    .option('--console <text>', 'its console has this text', collect)
    .option(
      '--command <[service: ]words[ => text]>',
      'this command exits with status 0 in the machine, or in that service, and prints that text; words in quotes may have spaces',
      collect,
    )
    .option('--memory <MiB>', 'memory of the machine (default: 512)')
    .option('--cpus <count>', 'processors of the machine (default: 1)')
    .option('--timeout <seconds>', 'from start to the last answer; four times as long under emulation (default: 60)')
    .option('--debug', 'show on its console all that it prints')
    .option('--json', 'tell the digest, and how long each phase took, as JSON')
    .addHelpText('after', TEST_EXAMPLES)
    .action(async (specs: string[], options: TestOptions) => (await import('./test.js')).test(specs, options));
  program
    .command('run')
    .description('boot an image on this host, and show its console')
    .argument(
      '<image...>',
      'YAML files (merged), `-` for standard input; or what was built: a disk (.img, .raw, .qcow2, .iso), NAME-kernel, NAME-erofs.img',
    )
    .option('-p, --publish <host:guest>', 'let a port of this host lead to one of the machine', collect)
    .option('--disk <file[,size=…][,serial=…]>', 'a disk for data; with a size it is made where it is missing', collect)
    .option('--userdata <file>', 'what the machine reads as its user data')
    .option('--secret <name=file>', 'what services that name it get as a file', collect)
    .option('--memory <MiB>', 'memory of the machine (default: 512)')
    .option('--cpus <count>', 'processors of the machine (default: 1)')
    .option('--firmware <kind>', 'uefi boots a disk as a cloud does, none loads the kernel (default: none)')
    .option('--platform <platform>', 'what a disk runs on, such as linux/arm64 (default: linux/amd64)')
    .option('--timeout <seconds>', 'from start to ready; four times as long under emulation (default: 60)')
    .option('--timeline', 'draw how long each phase of the boot took')
    .option('--debug', 'show on its console all that it prints; of a spec')
    .option('-d, --detach', 'let it run on; `ingot stop` ends it')
    .option('--json', 'tell the machine as JSON, without its console')
    .addHelpText('after', RUN_EXAMPLES)
    .action(async (images: string[], options: RunCommandOptions) => (await import('./run.js')).run(images, options));
  program
    .command('ps')
    .description('list the machines of this user that run')
    .option('--json', 'as JSON')
    .action(async (options: { json?: true }) => (await import('./run.js')).ps(options));
  program
    .command('stop')
    .description('end machines')
    .argument('<id...>', 'as `ingot ps` lists them')
    .action(async (ids: string[]) => (await import('./run.js')).stop(ids));
}

const RUN_EXAMPLES = `
Examples:
  ingot run --publish 8080:80 web.yml
  ingot run --detach --disk data.raw,size=10G,serial=data db.yml
  ingot run --memory 1024 web-efi.img           a disk that was built before, by UEFI firmware`;

const TEST_EXAMPLES = `
An image with Ingot's own init has to say that it is ready, too.

Examples:
  ingot test web.yml
  ingot test --http 80/ --http '80/health=ok' --tcp 22 web.yml
  ingot test --command 'web: nginx -t' --command "ls '/run/a b' => found" web.yml`;
