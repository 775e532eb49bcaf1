import { describe, lockDigest } from '../pipeline.js';
import { withLock } from './locked.js';
import { withWorkshop } from './workshop.js';

/** `ingot inspect SPEC…`: the digest and the contents. */
export async function inspect(specs: string[], options: { json?: true }): Promise<void> {
  const [digest, contents] = await withWorkshop((workshop) =>
    withLock(specs, workshop, async (locked) => [lockDigest(locked.lock), await describe(locked, workshop)] as const),
  );
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ digest, contents }, null, 2)}\n`);
    return;
  }
  process.stdout.write(
    `digest: ${digest}\n${listing(contents as unknown as Record<string, unknown>, '').join('\n')}\n`,
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
