import { basename, extname } from 'node:path';
import { cache, exportInputs } from '../pipeline.js';
import { withLock } from './locked.js';
import { OutputFiles } from './output-files.js';
import { requireNoTerminal, writeStandardOutput } from './standard-output.js';
import { specsOf } from './subject.js';
import { UsageError } from './usage-error.js';
import { withWorkshop } from './workshop.js';

export interface CacheExportOptions {
  /** A folder, a file that ends in `.tar`, or `-`. */
  readonly output?: string;
  readonly json?: true;
}

/** `ingot cache export LOCK|SPEC…`: all inputs of an image, in a folder or an archive that appears when it is complete. */
export async function cacheExport(subjects: readonly string[], options: CacheExportOptions): Promise<void> {
  const specs = await specsOf(subjects);
  const output = options.output ?? `${nameOf(specs)}.inputs.tar`;
  if (output === '-' && options.json) {
    throw new UsageError(
      'bad-output',
      'Cannot use --json with -o -: both go to the standard output; name a file after -o',
    );
  }
  if (output === '-') requireNoTerminal();
  await withWorkshop((workshop) =>
    withLock(specs, workshop, async (locked) => {
      const { files, image, sizeBytes, tar, writeTo } = await exportInputs(locked, workshop);
      if (output === '-') {
        for await (const chunk of tar()) await writeStandardOutput(chunk);
      } else if (output.endsWith('.tar')) {
        await using target = new OutputFiles();
        await target.add(output, async (file) => {
          for await (const chunk of tar()) await file.writeFile(chunk);
          await file.sync();
        });
        await target.commit();
      } else {
        await writeTo(output);
      }
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ image, path: output, files: files.length, sizeBytes }, null, 2)}\n`);
        return;
      }
      const { formatSize } = await cache();
      const say = output === '-' ? process.stderr : process.stdout;
      if (output !== '-') say.write(`${output}: ${files.length} files, ${formatSize(sizeBytes)}\n`);
      process.stderr.write(`${image}\n`);
    }),
  );
}

function nameOf(specs: readonly string[]): string {
  const last = specs.at(-1) ?? '';
  if (last !== '-') return basename(last, extname(last));
  throw new UsageError('bad-output', 'Cannot name the archive: the spec comes from standard input; give -o');
}
