import type { Contents } from '../model/contents.js';
import type { Digest } from '../model/digest.js';
import { describe, lockDigest, type Workshop, withArchive } from '../pipeline.js';
import { withLock } from './locked.js';
import { isTar, specsOf } from './subject.js';
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
  const [subject, ...more] = subjects;
  if (more.length === 0 && subject !== undefined && (await isTar(subject, workshop))) {
    return withArchive(subject, workshop, async (survey) => ({
      digest: survey.digest,
      contents: await survey.describe(),
    }));
  }
  return withLock(await specsOf(subjects), workshop, async (locked) => ({
    digest: lockDigest(locked.lock),
    contents: await describe(locked, workshop),
  }));
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
