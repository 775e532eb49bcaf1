import { basename, dirname, extname, join, resolve } from 'node:path';
import { DISK_FORMATS, type Format } from '../model/artifact.js';
import type { Digest } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import { type EncodeOptions, lockDigest, type PredictedBoot, signerFor, stream, type Workshop } from '../pipeline.js';
import { CommandError } from './command-error.js';
import { endingOf } from './format-names.js';
import { withLock } from './locked.js';
import { sizeIn } from './number-option.js';
import { OutputFiles } from './output-files.js';
import { formatsIn, streamedFormat } from './output-formats.js';
import { requireNoTerminal } from './standard-output.js';
import { withWorkshop } from './workshop.js';
import { writeOutput } from './write-output.js';

export interface BuildOptions {
  /** Default: kernel+initrd; with `output`, tar. */
  readonly format?: readonly string[];
  readonly dir?: string;
  readonly name?: string;
  /** One file, or `-`. */
  readonly output?: string;
  /** Room behind the last partition of a disk, such as `10G`. */
  readonly size?: string;
  readonly compress?: true;
  readonly debug?: true;
  readonly secureBootCert?: string;
  readonly secureBootKey?: string;
  readonly secureBootCommand?: string;
  readonly json?: true;
}

/** What `--json` tells of each file. */
interface Built {
  readonly format: Format;
  readonly role: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256?: Digest;
  /** Of a disk: what a TPM will hold when it has booted, and what Secure Boot and dm-verity know it by. */
  readonly boot?: PredictedBoot;
}

/** `ingot build SPEC…`: all files of an image, complete, or none of them. */
export async function build(specs: string[], options: BuildOptions): Promise<void> {
  const { output, json } = options;
  const formats = formatsIn(options.format ?? [output === undefined ? 'kernel+initrd' : 'tar']);
  checkDiskOptions(options, formats);
  if (options.compress && !formats.includes('qcow2-efi')) {
    throw new CommandError(
      'bad-format',
      `Cannot use --compress with -f ${formats.join(',')}: it is for qcow2-efi; leave it out, or build that`,
    );
  }
  if (output !== undefined) checkOutput(output, { ...options, formats });
  const pathOf = output === undefined ? namer(specs, options) : () => output;
  await withWorkshop((workshop) =>
    withLock(
      specs,
      workshop,
      async (locked) => {
        const files = await buildAll(
          locked,
          {
            formats,
            pathOf,
            hashed: json === true,
            encoding: await encodingOf(options, workshop),
            folder: output === undefined ? options.dir : undefined,
          },
          workshop,
        );
        const image = lockDigest(locked.lock);
        if (json) {
          process.stdout.write(`${JSON.stringify({ image, files }, null, 2)}\n`);
          return;
        }
        if (output !== '-') process.stdout.write(files.map(({ path }) => `${path}\n`).join(''));
        process.stderr.write(`${image}\n`);
      },
      { debug: options.debug },
    ),
  );
}

interface Wanted {
  readonly formats: readonly Format[];
  readonly pathOf: (format: Format, role: string) => string;
  /** Whether the digests of all files are to be told. */
  readonly hashed: boolean;
  readonly encoding: EncodeOptions;
  /** Made where it is missing. */
  readonly folder?: string | undefined;
}

async function buildAll(locked: LockedImage, wanted: Wanted, workshop: Workshop): Promise<Built[]> {
  const { formats, pathOf, hashed, encoding } = wanted;
  const built: Built[] = [];
  await using output = new OutputFiles();
  if (wanted.folder !== undefined) await output.addFolder(wanted.folder);
  for (const format of formats) {
    const artifact = await stream(locked, format, workshop, encoding);
    for (const file of artifact.files) {
      const path = pathOf(format, file.role);
      // An OCI layout is a folder.
      if (file.role.includes('/') || format === 'oci') await output.addFolder(dirname(path));
      const written = await writeOutput(file, { path, output, hashed }, workshop);
      const { boot } = artifact;
      built.push({ format, role: file.role, path, ...written, ...(boot ? { boot } : {}) });
    }
  }
  workshop.signal.throwIfAborted();
  await output.commit();
  return built;
}

/** Whoever asks for something that no format here has would not notice that it is missing. */
function checkDiskOptions(options: BuildOptions, formats: readonly Format[]): void {
  const given = (['size', 'secureBootCert', 'secureBootKey', 'secureBootCommand'] as const).find((key) => options[key]);
  if (given === undefined || formats.some((format) => DISK_FORMATS.includes(format))) return;
  const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new CommandError(
    'bad-format',
    `Cannot use ${flag} with -f ${formats.join(',')}: it is for disks alone; choose from ${DISK_FORMATS.join(', ')}`,
  );
}

async function encodingOf(options: BuildOptions, workshop: Workshop): Promise<EncodeOptions> {
  const { size, secureBootCert: certificate, secureBootKey: key, secureBootCommand: command } = options;
  const plain = {
    ...(size === undefined ? {} : { addBytes: sizeIn(size, '--size') }),
    ...(options.compress ? { compress: true } : {}),
  };
  if (certificate === undefined && key === undefined && command === undefined) return plain;
  if (certificate === undefined || (key === undefined) === (command === undefined)) {
    throw new CommandError(
      'bad-keys',
      'Cannot sign for Secure Boot: wanted --secure-boot-cert, and with it --secure-boot-key or --secure-boot-command; `ingot keys new` makes the files',
    );
  }
  const by = key === undefined ? { command: command as string } : { key: resolve(workshop.directory, key) };
  return {
    ...plain,
    signer: await signerFor({ certificate: resolve(workshop.directory, certificate), with: by }, workshop),
  };
}

function checkOutput(
  output: string,
  { formats, dir, name, json }: BuildOptions & { formats: readonly Format[] },
): void {
  streamedFormat(formats);
  const [beside] = Object.entries({ '--dir': dir, '--name': name }).flatMap(([flag, value]) => (value ? [flag] : []));
  if (beside !== undefined) {
    throw new CommandError(
      'bad-output',
      `Cannot use ${beside} with -o: the file after -o is the whole output; leave one of them out`,
    );
  }
  if (output !== '-') return;
  if (json)
    throw new CommandError(
      'bad-output',
      'Cannot use --json with -o -: both go to the standard output; name a file after -o',
    );
  requireNoTerminal();
}

/** LinuxKit's names: in the folder, that of the last spec or the one given, and what the format adds. */
function namer(specs: readonly string[], { dir = '.', name }: BuildOptions): Wanted['pathOf'] {
  if (name === '' || name?.includes('/')) {
    throw new CommandError(
      'bad-name',
      `Cannot use --name ${JSON.stringify(name)}: wanted a name; --dir is for folders`,
    );
  }
  const base = name ?? nameOf(specs);
  return (format, role) => join(dir, `${base}${endingOf(format, role)}`);
}

function nameOf(specs: readonly string[]): string {
  const last = specs.at(-1) ?? '';
  if (last !== '-') return basename(last, extname(last));
  throw new CommandError('bad-name', 'Cannot name the output: the spec comes from standard input; give --name');
}
