import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Format } from '../model/artifact.js';
import { IngotError } from '../model/error.js';
import { build as buildFormat, lockDigest } from '../pipeline.js';
import { withLock } from './locked.js';
import { withWorkshop } from './workshop.js';

class CommandError extends IngotError<'bad-format' | 'bad-name'> {}

/** LinuxKit's file names, by format and role. */
const ENDINGS: Readonly<Record<Format, Readonly<Record<string, string>>>> = {
  'kernel+initrd': { kernel: '-kernel', initrd: '-initrd.img', cmdline: '-cmdline' },
  tar: { tar: '.tar' },
};

/** `ingot build SPEC…`: writes each file beside its final name first, so that no half-written one is ever seen. */
export async function build(specs: string[], options: { format: string; dir: string; name?: string }): Promise<void> {
  const formats = options.format.split(',').map((format) => knownFormat(format.trim()));
  const name = options.name ?? nameOf(specs);
  await withWorkshop(async (workshop) => {
    await mkdir(options.dir, { recursive: true });
    await withLock(specs, workshop, async (locked) => {
      for (const format of formats) {
        const { files } = await buildFormat(locked, format, workshop);
        for (const { role, path } of files) {
          const target = join(options.dir, `${name}${ENDINGS[format][role]}`);
          await place(path, target);
          process.stdout.write(`${target}\n`);
        }
      }
      process.stderr.write(`${lockDigest(locked.lock)}\n`);
    });
  });
}

async function place(from: string, target: string): Promise<void> {
  const temporary = `${target}.${process.pid}.partial`;
  try {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    // Content in the store is read-only; what was built is the user's.
    await chmod(temporary, 0o644);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function knownFormat(text: string): Format {
  if (Object.hasOwn(ENDINGS, text)) return text as Format;
  throw new CommandError(
    'bad-format',
    `Cannot build the format "${text}": there is no such format; choose from ${Object.keys(ENDINGS).join(', ')}`,
  );
}

function nameOf(specs: readonly string[]): string {
  const last = specs.at(-1) ?? '';
  if (last !== '-') return basename(last, extname(last));
  throw new CommandError('bad-name', 'Cannot name the output: the spec comes from standard input; give --name');
}
