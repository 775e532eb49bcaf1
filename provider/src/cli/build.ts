import { basename, dirname, extname, join, resolve } from 'node:path';
import { DISK_FORMATS, type Format } from '../model/artifact.js';
import type { Digest } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import { type EncodeOptions, lockDigest, type PredictedBoot, signerFor, stream, type Workshop } from '../pipeline.js';
import { endingOf } from './format-names.js';
import { withLock } from './locked.js';
import { sizeIn } from './number-option.js';
import { OutputFiles } from './output-files.js';
import { formatsIn, streamedFormat } from './output-formats.js';
import { requireNoTerminal } from './standard-output.js';
import { UsageError } from './usage-error.js';
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
    throw new UsageError(
      'bad-format',
      `Cannot use --compress with -f ${formats.join(',')}: it is for qcow2-efi; leave it out, or build that`,
    );
  }
  if (output !== undefined) checkOutput(output, { ...options, formats });
  const pathOf = output === undefined ? namer(specs, options) : () => output;
  const asked = encodingAsked(options);
  await withWorkshop(async (workshop) => {
    const encoding = await encodingOf(asked, workshop);
    await withLock(
      specs,
      workshop,
      async (locked) => {
        const files = await buildAll(
          locked,
          {
            formats,
            pathOf,
            hashed: json === true,
            encoding,
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
    );
  });
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
  throw new UsageError(
    'bad-format',
    `Cannot use ${flag} with -f ${formats.join(',')}: it is for disks alone; choose from ${DISK_FORMATS.join(', ')}`,
  );
}

/** What the words say of the encoding, before any file is looked at. */
interface EncodingAsked {
  readonly encoding: EncodeOptions;
  readonly secureBoot?: { readonly certificate: string; readonly with: { key: string } | { command: string } };
}

/** @throws {UsageError} `bad-number`, `bad-keys`. */
function encodingAsked(options: BuildOptions): EncodingAsked {
  const { size, secureBootCert: certificate, secureBootKey: key, secureBootCommand: command } = options;
  const encoding = {
    ...(size === undefined ? {} : { addBytes: sizeIn(size, '--size') }),
    ...(options.compress ? { compress: true } : {}),
  };
  if (certificate === undefined && key === undefined && command === undefined) return { encoding };
  if (certificate === undefined || (key === undefined) === (command === undefined)) {
    const what =
      certificate === undefined
        ? 'there is no certificate'
        : key === undefined
          ? 'nobody signs'
          : 'a key and a command both sign';
    throw new UsageError(
      'bad-keys',
      `Cannot sign for Secure Boot: ${what}; give --secure-boot-cert, and with it either --secure-boot-key or --secure-boot-command (\`ingot keys new\` makes the files)`,
    );
  }
  return { encoding, secureBoot: { certificate, with: key === undefined ? { command: command as string } : { key } } };
}

async function encodingOf({ encoding, secureBoot }: EncodingAsked, workshop: Workshop): Promise<EncodeOptions> {
  if (secureBoot === undefined) return encoding;
  const { certificate, with: by } = secureBoot;
  const { directory } = workshop;
  const signing = {
    certificate: resolve(directory, certificate),
    with: 'key' in by ? { key: resolve(directory, by.key) } : by,
  };
  return { ...encoding, signer: await signerFor(signing, workshop) };
}

function checkOutput(
  output: string,
  { formats, dir, name, json }: BuildOptions & { formats: readonly Format[] },
): void {
  streamedFormat(formats);
  const [beside] = Object.entries({ '--dir': dir, '--name': name }).flatMap(([flag, value]) => (value ? [flag] : []));
  if (beside !== undefined) {
    throw new UsageError(
      'bad-output',
      `Cannot use ${beside} with -o: the file after -o is the whole output; leave one of them out`,
    );
  }
  if (output !== '-') return;
  if (json)
    throw new UsageError(
      'bad-output',
      'Cannot use --json with -o -: both go to the standard output; name a file after -o',
    );
  requireNoTerminal();
}

const NO_FILE: ReadonlySet<string> = new Set(['', '.', '..']);

/** LinuxKit's names: in the folder, that of the last spec or the one given, and what the format adds. */
function namer(specs: readonly string[], { dir = '.', name }: BuildOptions): Wanted['pathOf'] {
  if (name !== undefined && (NO_FILE.has(name) || name.includes('/'))) {
    throw new UsageError(
      'bad-name',
      `Cannot use --name ${JSON.stringify(name)}: it is no name of a file; give one without a slash (--dir is for folders)`,
    );
  }
  const base = name ?? nameOf(specs);
  return (format, role) => join(dir, `${base}${endingOf(format, role)}`);
}

function nameOf(specs: readonly string[]): string {
  const last = specs.at(-1) ?? '';
  if (last !== '-') return basename(last, extname(last));
  throw new UsageError('bad-name', 'Cannot name the output: the spec comes from standard input; give --name');
}
