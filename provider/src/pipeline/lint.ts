import type { SpecProblem } from '../spec/error.js';
import { lockFile, readLockFile, staleness } from './lock-file.js';
import { parse } from './parse.js';
import type { Workshop } from './workshop.js';

/**
 * Specs → nothing, where all is well with them and with the lock file beside them. No source is asked.
 * @throws {SpecError} with every problem and its place: those of the specs or, where there are none, those for which the
 *   lock file does not fit them. {SourceError} for files that cannot be read.
 */
export async function lint(specs: readonly string[], workshop: Workshop): Promise<void> {
  const { spec, placeOf } = await parse(specs, workshop);
  const file = await readLockFile(specs, workshop);
  if (file === undefined) return;
  const { lineInLockFile } = await lockFile();
  const problems: SpecProblem[] = [];
  for (const { text, property = '', inFile } of await staleness(spec, file, workshop)) {
    const about = { code: 'conflict', property } as const;
    const remedy = `run \`${file.command}\``;
    const place = property === '' ? undefined : placeOf(property);
    if (place?.line !== undefined) {
      problems.push({ ...about, ...place, message: `${file.path} is stale: ${text}; ${remedy}` });
      continue;
    }
    const line = await lineInLockFile(file, inFile ?? [], workshop.directory);
    const where = { path: file.path, ...(line === undefined ? {} : { line }) };
    problems.push({ ...about, ...where, message: `the lock file is stale: ${text}; ${remedy}` });
  }
  const [first, ...others] = problems;
  if (first === undefined) return;
  const { SpecError } = await import('../spec/error.js');
  throw new SpecError([first, ...others]);
}
