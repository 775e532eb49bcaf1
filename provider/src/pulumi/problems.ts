import type { CheckFailure } from '@pulumi/pulumi/dynamic';
import type { z } from 'zod';
import { describeError, IngotError } from '../model/error.js';

/** What the user's input has wrong, in the engine's form. Anything unexpected is thrown on. */
export function failuresOf(error: unknown): CheckFailure[] {
  if (!(error instanceof IngotError)) throw error;
  // The engine prints the value of a named property: of no use for a whole spec, so the property stays in the text.
  return [{ property: '', reason: describeError(error) }];
}

/** zod's issues as failures of the top-level property that they lie in. */
export function failuresOfIssues(error: z.ZodError): CheckFailure[] {
  return error.issues.map((issue) => {
    const [property, ...rest] = issue.path.map(String);
    const reason = rest.length === 0 ? issue.message : `${rest.join('.')}: ${issue.message}`;
    return { property: property ?? '', reason };
  });
}
