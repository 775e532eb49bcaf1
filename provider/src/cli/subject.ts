import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  at,
  isArchive,
  lock,
  parse,
  readLockFile,
  type Survey,
  survey,
  type Workshop,
  withArchive,
} from '../pipeline.js';
import { ARCHIVE, isBuilt } from './built-file.js';
import { CommandError } from './command-error.js';
import { withLock } from './locked.js';
import { UsageError } from './usage-error.js';

/** How the name of a lock file ends. */
const LOCK_FILE = /\.lock\.json$/;

/**
 * The specs that are meant: where a lock file is named, the YAML file that it lies beside.
 * @throws {UsageError} `bad-subject` where something that was built is named.
 */
export async function specsOf(subjects: readonly string[]): Promise<string[]> {
  for (const subject of subjects) {
    if (ARCHIVE.test(subject)) throw notSpec(subject);
    refuseDisk(subject);
  }
  return Promise.all(subjects.map(async (subject) => (await specBeside(subject)) ?? subject));
}

/**
 * Looks into both images. Each is given as YAML, as a tar of a root, or as a lock file: that stands for the image of
 * the YAML beside it or, where there is none, of the other side's, with what the lock file has pinned.
 */
export async function withSurveys<T>(
  [before, after]: readonly [string, string],
  workshop: Workshop,
  use: (before: Survey, after: Survey) => Promise<T>,
): Promise<T> {
  if (before === '-' && after === '-') {
    throw new UsageError(
      'bad-subject',
      'Cannot compare - with -: the standard input can be read once; give the path of a file for one of them',
    );
  }
  return withSurvey(before, { other: after, workshop }, (old) =>
    withSurvey(after, { other: before, workshop }, (now) => use(old, now)),
  );
}

async function withSurvey<T>(
  subject: string,
  { other, workshop }: { readonly other: string; readonly workshop: Workshop },
  use: (survey: Survey) => Promise<T>,
): Promise<T> {
  if (await isTar(subject, workshop)) return withArchive(subject, workshop, use);
  if (!LOCK_FILE.test(subject)) {
    refuseDisk(subject);
    // What comes after it concerns the other side as well: its errors have no place in this spec.
    return use(await withLock([subject], workshop, (locked) => survey(subject, locked, workshop)));
  }
  // By the name of the spec that it would lie beside.
  const file = await readLockFile([subject.replace(LOCK_FILE, '.yml')], workshop);
  const spec = (await specBeside(subject)) ?? (await specBeside(other)) ?? other;
  if (file === undefined || LOCK_FILE.test(spec) || (await isArchive(spec, workshop))) {
    const why =
      file === undefined
        ? 'there is no such file; `ingot lock` writes one beside its spec'
        : 'there is no YAML file beside it that it could be of; give that instead, or put it there';
    throw new CommandError('bad-subject', `Cannot look into ${subject}: ${why}`, { context: { path: subject } });
  }
  const parsed = await parse([spec], workshop);
  return use(await at(parsed, async () => survey(subject, await lock(parsed.spec, { file }, workshop), workshop)));
}

/**
 * Whether that is a tar of a root, by its first bytes.
 * @throws {CommandError} `bad-subject` for what is called like one and is none: that it was built helps nobody.
 */
export async function isTar(subject: string, workshop: Workshop): Promise<boolean> {
  if (await isArchive(subject, workshop)) return true;
  if (!ARCHIVE.test(subject)) return false;
  const found = await stat(resolve(workshop.directory, subject)).catch(() => undefined);
  const why = found === undefined ? 'there is no such file' : 'it is no tar, though it is called one';
  const what = `Cannot look into ${subject}: ${why}; give a tar of a root, a spec or a lock file`;
  throw new CommandError('bad-subject', what, { context: { path: subject } });
}

/** What is in a disk cannot be seen from outside. */
function refuseDisk(subject: string): void {
  if (isBuilt(subject)) throw notSpec(subject);
}

function notSpec(subject: string): UsageError {
  const what = 'it was built, and does not say of what';
  return new UsageError(
    'bad-subject',
    `Cannot tell what ${subject} is made of: ${what}; give its spec or lock file (\`inspect\` and \`diff\` take a tar of its root, too)`,
    { context: { path: subject } },
  );
}

async function specBeside(subject: string): Promise<string | undefined> {
  if (!LOCK_FILE.test(subject)) return undefined;
  for (const ending of ['.yml', '.yaml']) {
    const path = subject.replace(LOCK_FILE, ending);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  return undefined;
}
