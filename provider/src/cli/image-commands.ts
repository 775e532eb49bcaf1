import { type Command, Option } from 'commander';
import type { BuildOptions } from './build.js';
import type { DiffOptions } from './diff.js';
import { FORMATS } from './format-names.js';
import type { SbomOptions } from './sbom.js';

const SPECS = 'YAML files (merged), `-` for standard input';
const IMAGE = 'a YAML file, a lock file, or a tar of a root file system';

/** `ingot build`, `lint`, `inspect` and `diff`. What they do is loaded when it is done. */
export function addImageCommands(program: Command): void {
  const collect = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text];
  program
    .command('build')
    .description('build an image')
    .argument('<spec...>', SPECS)
    .option(
      '-f, --format <formats>',
      `output formats, separated by commas: ${FORMATS.join(', ')} (default: kernel+initrd; with -o tar)`,
      collect,
    )
    .option('--dir <folder>', 'where the files go (default: here)')
    .option('--name <name>', 'what their names begin with (default: the name of the last spec)')
    .option('-o, --output <file>', 'one file instead, or `-` for the standard output')
    // LinuxKit spells it so.
    .addOption(new Option('--o <file>').hideHelp())
    .option('--size <size>', 'room to add behind the last partition of a disk, such as 10G')
    .option('--debug', 'a variant with a shell on the console of its machines, and all that they print')
    .option('--compress', 'compress what is in a qcow2 disk, which takes seconds')
    .option('--secure-boot-cert <file>', 'sign what UEFI starts, with this certificate')
    .option('--secure-boot-key <file>', 'its private key')
    .option('--secure-boot-command <command>', 'what signs in place of a key: SHA-256 in, RSA signature out')
    .option('--json', 'tell the digest of the image, and of each file its path, size and digest, as JSON')
    .addHelpText('after', BUILD_EXAMPLES)
    .action(async (specs: string[], { o, output = o, ...options }: BuildOptions & { o?: string }) => {
      const { build } = await import('./build.js');
      await build(specs, { ...options, ...(output === undefined ? {} : { output }) });
    });
  program
    .command('lint')
    .description('check specs, and the lock file beside them, without building or asking anybody')
    .argument('<spec...>', SPECS)
    .action(async (specs: string[]) => (await import('./lint.js')).lint(specs));
  program
    .command('inspect')
    .description('show what is in an image')
    .argument('<image...>', `${SPECS}; or ${IMAGE}`)
    .option('--json', 'as JSON')
    .action(async (images: string[], options: { json?: true }) =>
      (await import('./inspect.js')).inspect(images, options),
    );
  program
    .command('sbom')
    .description('tell what an image is made of, for other tools')
    .argument('<image...>', `${SPECS}; or a lock file`)
    .option('-f, --format <format>', 'spdx (2.3) or cyclonedx (1.6), both in JSON', 'spdx')
    .option('-o, --output <file>', 'where it goes, `-` for the standard output', '-')
    .action(async (images: string[], options: SbomOptions) => (await import('./sbom.js')).sbom(images, options));
  program
    .command('diff')
    .description('show what changes inside, from one image to another')
    .argument('<before>', IMAGE)
    .argument('<after>', 'the same')
    .option('--files', 'tell every file that differs, not only the first ones')
    .option('--json', 'as JSON, with all files')
    .option('--html <file>', 'as a page, into a file or `-` for the standard output')
    .option('--exit-code', 'exit code 1 when there is a difference, 2 when that could not be found out')
    .addHelpText('after', DIFF_EXAMPLES)
    .action(async (before: string, after: string, options: DiffOptions) =>
      (await import('./diff.js')).diff(before, after, options),
    );
}

const BUILD_EXAMPLES = `
Examples:
  ingot build web.yml                        web-kernel, web-initrd.img and web-cmdline, here
  ingot build -f tar --dir out base.yml web.yml
  ingot build -o - web.yml | tar -t          the root file system, as a tar
  ingot build -f raw-efi,gcp web.yml         a disk that UEFI boots, and what Google Cloud takes`;

const DIFF_EXAMPLES = `
Examples:
  ingot diff old.yml new.yml
  ingot diff web.tar web.yml                 what has changed since it was built
  ingot diff old.lock.json web.yml           what other pins change
  ingot diff --html changes.html --files old.tar new.tar`;
