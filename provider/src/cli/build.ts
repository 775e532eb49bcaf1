import { createHash } from 'node:crypto';
import { type FileHandle, mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Format } from '../model/artifact.js';
import type { Digest } from '../model/digest.js';
import type { LockedImage } from '../model/lock.js';
import {
  build as buildFormat,
  isStreamed,
  lockDigest,
  type StreamedArtifact,
  stream,
  type Workshop,
} from '../pipeline.js';
import { CommandError } from './command-error.js';
import { withLock } from './locked.js';
import { OutputFiles } from './output-files.js';
import { endingOf, formatsIn, streamedFormat } from './output-formats.js';
import { requireNoTerminal, writeStandardOutput } from './standard-output.js';
import { withWorkshop } from './workshop.js';

export interface BuildOptions {
  /** Default: kernel+initrd; with `output`, tar. */
  readonly format?: readonly string[];
  readonly dir?: string;
  readonly name?: string;
  /** One file, or `-`. */
  readonly output?: string;
  readonly json?: true;
}

/** What `--json` tells of each file. */
interface Built {
  readonly format: Format;
  readonly role: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256?: Digest;
}

/** `ingot build SPEC…`: all files of an image, complete, or none of them. */
export async function build(specs: string[], options: BuildOptions): Promise<void> {
  const { output, json } = options;
  const formats = formatsIn(options.format ?? [output === undefined ? 'kernel+initrd' : 'tar']);
  if (output !== undefined) checkOutput(output, { ...options, formats });
  const pathOf = output === undefined ? namer(specs, options) : () => output;
  await withWorkshop((workshop) =>
    withLock(specs, workshop, async (locked) => {
      if (output === undefined && options.dir !== undefined) await mkdir(options.dir, { recursive: true });
      const files = await buildAll(locked, { formats, pathOf, hashed: json === true }, workshop);
      const image = lockDigest(locked.lock);
      if (json) {
        process.stdout.write(`${JSON.stringify({ image, files }, null, 2)}\n`);
        return;
      }
      if (output !== '-') process.stdout.write(files.map(({ path }) => `${path}\n`).join(''));
      process.stderr.write(`${image}\n`);
    }),
  );
}

interface Wanted {
  readonly formats: readonly Format[];
  readonly pathOf: (format: Format, role: string) => string;
  /** Whether the digests of all files are to be told. */
  readonly hashed: boolean;
}

async function buildAll(locked: LockedImage, wanted: Wanted, workshop: Workshop): Promise<Built[]> {
  const { formats, pathOf, hashed } = wanted;
  const built: Built[] = [];
  await using output = new OutputFiles();
  for (const format of formats) {
    if (isStreamed(format)) {
      const path = pathOf(format, format);
      const artifact = await stream(locked, format, workshop);
      built.push({
        format,
        role: format,
        path,
        ...(await writeStreamed(artifact, { path, output, hashed }, workshop)),
      });
      continue;
    }
    const { files } = await buildFormat(locked, format, workshop);
    for (const { role, path: from, sizeBytes, digest } of files) {
      const path = pathOf(format, role);
      await output.addCopy(path, from);
      built.push({ format, role, path, sizeBytes, sha256: digest });
    }
  }
  workshop.signal.throwIfAborted();
  await output.commit();
  return built;
}

interface Target {
  readonly path: string;
  readonly output: OutputFiles;
  readonly hashed: boolean;
}

/** @returns The digest of what was written only where it was asked for. */
async function writeStreamed(
  { contentBytes: total, bytes }: StreamedArtifact,
  { path, output, hashed }: Target,
  { signal, progress }: Workshop,
): Promise<Pick<Built, 'sizeBytes' | 'sha256'>> {
  const hash = hashed ? createHash('sha256') : undefined;
  let sizeBytes = 0;
  const writeAll = async (write: (chunk: Uint8Array) => Promise<unknown>): Promise<void> => {
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      progress({ step: `writing ${path === '-' ? 'the archive' : path}`, done: sizeBytes, total });
      hash?.update(chunk);
      await write(chunk);
      sizeBytes += chunk.byteLength;
    }
  };
  if (path === '-') await writeAll(writeStandardOutput);
  else await output.add(path, (file) => writeAll((chunk) => writeFully(file, chunk)));
  return { sizeBytes, ...(hash === undefined ? {} : { sha256: `sha256:${hash.digest('hex')}` as const }) };
}

/** In as few calls as it takes: writeFile() makes two of each chunk, and waits in between. */
async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await file.write(chunk, done, chunk.byteLength - done)).bytesWritten;
  }
}

function checkOutput(
  output: string,
  { formats, dir, name, json }: BuildOptions & { formats: readonly Format[] },
): void {
  streamedFormat(formats);
  const [beside] = Object.entries({ '--dir': dir, '--name': name }).flatMap(([flag, value]) => (value ? [flag] : []));
  if (beside !== undefined) {
    throw new CommandError('bad-output', `Cannot use ${beside} with -o: the file after -o is the whole output`);
  }
  if (output !== '-') return;
  if (json) throw new CommandError('bad-output', 'Cannot use --json with -o -: both go to the standard output');
  requireNoTerminal();
}

/** LinuxKit's names: in the folder, that of the last spec or the one given, and what the format adds. */
function namer(specs: readonly string[], { dir = '.', name }: BuildOptions): Wanted['pathOf'] {
  const base = name ?? nameOf(specs);
  return (format, role) => join(dir, `${base}${endingOf(format, role)}`);
}

function nameOf(specs: readonly string[]): string {
  const last = specs.at(-1) ?? '';
  if (last !== '-') return basename(last, extname(last));
  throw new CommandError('bad-name', 'Cannot name the output: the spec comes from standard input; give --name');
}
