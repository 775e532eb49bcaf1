import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Contents } from '../model/contents.js';
import type { Digest } from '../model/digest.js';
import { describe, isArchive, lockDigest, type Workshop, withArchive } from '../pipeline.js';
import { ARCHIVE } from './built-file.js';
import { CommandError } from './command-error.js';
import { withLock } from './locked.js';
import { specsOf } from './subject.js';
import { withWorkshop } from './workshop.js';

interface Inspected {
  readonly digest: Digest;
  readonly contents: Contents;
}

/** `ingot inspect SPEC…`: the digest and the contents of what specs or a lock describe, or of a tar of a root. */
export async function inspect(subjects: string[], options: { json?: true }): Promise<void> {
  const { digest, contents } = await withWorkshop((workshop) => inspected(subjects, workshop));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ digest, contents }, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `digest: ${digest}\n${listing(contents as unknown as Record<string, unknown>, '').join('\n')}\n`,
  );
}

async function inspected(subjects: readonly string[], workshop: Workshop): Promise<Inspected> {
  const [subject] = subjects;
  if (subjects.length === 1 && subject !== undefined && (await isArchive(subject, workshop))) {
    return withArchive(subject, workshop, async (survey) => ({
      digest: survey.digest,
      contents: await survey.describe(),
    }));
  }
  for (const one of subjects) if (ARCHIVE.test(one)) await refuseNoTar(one, workshop);
  return withLock(await specsOf(subjects), workshop, async (locked) => ({
    digest: lockDigest(locked.lock),
    contents: await describe(locked, workshop),
  }));
}

/** What is called like a tar and is none: to say of it that it was built helps nobody. */
async function refuseNoTar(path: string, workshop: Workshop): Promise<void> {
  if (await isArchive(path, workshop)) return;
  const found = await stat(resolve(workshop.directory, path)).catch(() => undefined);
  const why = found === undefined ? 'there is no such file' : 'it is no tar, though it is called one';
  throw new CommandError(
    'bad-subject',
    `Cannot look into ${path}: ${why}; give a tar of a root, a spec or a lock file`,
    {
      context: { path },
    },
  );
}

/** Nested values, one a line, indented. */
function listing(value: Record<string, unknown>, indent: string): string[] {
  return Object.entries(value).flatMap(([key, member]) => {
    if (Array.isArray(member)) return member.length === 0 ? [] : [`${indent}${key}: ${member.join(', ')}`];
    if (member === null || typeof member !== 'object') return [`${indent}${key}: ${member}`];
    const lines = listing(member as Record<string, unknown>, `${indent}  `);
    return lines.length === 0 ? [] : [`${indent}${key}:`, ...lines];
  });
}
