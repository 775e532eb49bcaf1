import { z } from 'zod';
import type { Finding } from './problem.js';
import { schemaAt } from './wanted.js';

/**
 * A copy of a value that the schema refuses, without what was found to be wrong, so that the rest can be looked at and
 * all problems be told at once. A bad item of a list is undefined there, which keeps the indexes of the others; a bad or
 * missing text that must be there is empty.
 */
export function soundParts(value: unknown, findings: readonly Finding[], schema: z.core.$ZodType): unknown {
  const copy: unknown = structuredClone(value);
  for (const { path, code } of findings) {
    const key = path.at(-1);
    if (key === undefined) return {};
    let parent: unknown = copy;
    for (const part of path.slice(0, -1)) parent = (parent as Record<string, unknown> | undefined)?.[part];
    if (typeof parent !== 'object' || parent === null) continue;
    if (Array.isArray(parent)) parent[Number(key)] = undefined;
    else if (code === 'unknown-key' || schemaAt(schema, path) instanceof z.ZodOptional) delete (parent as never)[key];
    else Object.assign(parent, { [key]: '' });
  }
  return copy;
}
